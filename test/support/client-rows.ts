import { SignJWT } from 'jose'
import type { Database } from '../../src/db/database.ts'
import { rows } from '../../src/db/query.ts'
import { sql, texts } from '../../src/db/sql.ts'
import type { Role } from '../../src/http/caller.ts'
import { type Scope, scopes } from '../../src/http/scopes.ts'
import { AUDIENCE, ISSUER } from '../../src/http/tokens.ts'
import type { SigningKey } from '../../src/keys/signing-key.ts'
import { seededUuid } from './seed.ts'

/** A machine's account as a test wants it; it has every scope. */
export interface ClientRow {
  role: Role
  territories?: string[]
  /** The pharmacies that granted it. */
  finess?: string[]
  status?: 'active' | 'suspended' | 'revoked'
}

/** Puts a client into the tables; answers its id. */
export async function insertClient(
  db: Database,
  { role, territories = [], finess = [], status = 'active' }: ClientRow,
): Promise<string> {
  const id = seededUuid()
  await rows(
    db,
    'insert_client_row',
    sql`insert into clients (id, name, role, scopes, territories, status)
        values (${id}::uuid, 'A machine', ${role}, ${texts([...scopes])}, ${texts(territories)}, ${status})`,
  )
  for (const pharmacy of finess) {
    await rows(
      db,
      'insert_grant_row',
      sql`insert into client_grants (id, client_id, finess, granted_by)
          values (${seededUuid()}::uuid, ${id}::uuid, ${pharmacy}, 'a test')`,
    )
  }
  return id
}

/** Signs a client's token for these scopes. */
export function clientToken(key: SigningKey, id: string, granted: readonly Scope[]): Promise<string> {
  return new SignJWT({ client_id: id, scope: granted.join(' ') })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.id })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(id)
    .setIssuedAt()
    .setExpirationTime('15m')
    .sign(key.privateKey)
}
