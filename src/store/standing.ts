import type { Queryable } from '../db/database.ts'
import { oneRow } from '../db/query.ts'
import { clock, instant, sql } from '../db/sql.ts'
import type { Instant } from '../domain/instant.ts'

/** The present standing of a client that is not revoked, whatever its tokens say. */
interface ClientStanding {
  id: string
  role: 'pharmacy' | 'professional' | 'regulator' | 'admin'
  scopes: string[]
  territories: string[]
  professions: string[]
  /** The pharmacies that granted it. */
  finess: string[]
  /** Those of them that are suspended or closed. */
  closed: string[]
  suspended: boolean
  /** The most requests that it may make in a minute, if an admin has said so. */
  requestsPerMinute: number | null
  /** Tokens issued until then are refused. In seconds since 1970, with milliseconds. */
  tokensFrom: number | null
}

/** Who is suspended, and what each client may do, at one moment. */
export interface Standing {
  version: string
  /** All identifiers of suspended professionals. */
  professionals: ReadonlySet<string>
  /** Suspended and closed pharmacies. */
  pharmacies: ReadonlySet<string>
  clients: ReadonlyMap<string, ClientStanding>
  /** The ids of this service's tokens that were revoked. */
  revoked: ReadonlySet<string>
}

/** The version, which rises whenever anybody's standing changes, and the database's clock. */
export function readStandingVersion(db: Queryable): Promise<{ version: string; at: Instant }> {
  return oneRow(db, 'standing_version', sql`select version::text, ${instant(clock)} as at from standing`)
}

/** Everybody who is suspended, and the standing of every client. */
export async function readStanding(db: Queryable): Promise<Standing> {
  const read = await oneRow<{
    version: string
    professionals: string[]
    pharmacies: string[]
    clients: Omit<ClientStanding, 'closed'>[]
    revoked: string[]
  }>(
    db,
    'read_standing',
    sql`select (select version::text from standing) as version,
          (select coalesce(json_agg(i.identifier), '[]') from persons root
            join persons p on p.root_id = root.id
            join person_identifiers i on i.person_id = p.id
            where root.status = 'suspended' and root.merged_into is null) as professionals,
          (select coalesce(json_agg(finess), '[]') from pharmacies where status <> 'active') as pharmacies,
          (select coalesce(json_agg(json_build_object(
              'id', c.id, 'role', c.role, 'scopes', c.scopes, 'territories', c.territories, 'professions', c.professions,
              'suspended', c.status = 'suspended', 'requestsPerMinute', c.requests_per_minute, 'tokensFrom', extract(epoch from c.tokens_from),
              'finess', (select coalesce(json_agg(g.finess order by g.finess), '[]')
                from client_grants g where g.client_id = c.id and g.withdrawn_at is null))), '[]')
            from clients c where c.status <> 'revoked') as clients,
          (select coalesce(json_agg(id), '[]') from revoked_tokens where forget_at > clock_timestamp()) as revoked`,
  )
  const pharmacies = new Set(read.pharmacies)
  const clients = read.clients.map((client): [string, ClientStanding] => [
    client.id,
    { ...client, closed: client.finess.filter((finess) => pharmacies.has(finess)) },
  ])
  return {
    version: read.version,
    professionals: new Set(read.professionals),
    pharmacies,
    clients: new Map(clients),
    revoked: new Set(read.revoked),
  }
}
