import type { Service } from './service.ts'
import { CENTRE, must, type World } from './world.ts'

/** A nurse of Toulouse as the directory takes one. */
export const someone = {
  profession: '60',
  familyName: 'Martin',
  givenName: 'Camille',
  otherIds: [] as string[],
  practice: { ...CENTRE, territory: 'FR-31' },
  status: 'active',
}

/** What every erasure of the tests is done for. */
export const order = { authority: 'CNIL, MED-2026-001', reason: 'Article 17 of the GDPR' }

/** Lets a rule be in force while something is done; once it is withdrawn, no window counts anything. */
export async function underRule<T>(
  { call }: Pick<Service, 'call'>,
  world: World,
  work: () => Promise<T>,
  more: object = {},
): Promise<T> {
  const { id } = await world.rule({ cap: 100, ...more })
  const done = await work()
  must(200, await call('POST', `/v1/allocation-rules/${id}/withdrawal`, { token: world.admin, body: {} }))
  return done
}

/** A ledger entry as it stands in the table, bytes in hex, and its payload's text if that is left. */
export interface StoredEntry {
  id: string
  seq: number
  kind: string
  canonical: string
  hash: string
  previous: string | null
  payload: string | null
}

/** The chain of whoever an entry is about. */
export async function chainOf({ db }: Pick<Service, 'db'>, entry: string): Promise<StoredEntry[]> {
  const { rows } = await db.foreign(
    `select e.id, e.seq, e.kind, encode(e.canonical, 'hex') as canonical, encode(e.entry_hash, 'hex') as hash,
       encode(e.previous_hash, 'hex') as previous, convert_from(p.payload, 'utf8') as payload
     from ledger_entries e left join ledger_payloads p on p.entry_id = e.id
     where e.person_id = (select person_id from ledger_entries where id = $1) order by e.seq`,
    [entry],
  )
  return rows as StoredEntry[]
}
