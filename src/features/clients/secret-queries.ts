import type { Transaction } from '../../db/database.ts'
import { row, rows } from '../../db/query.ts'
import { instant, type SQL, sql, timestamp } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import type { Secret } from './schema.ts'
import type { NewSecret } from './secret.ts'

export interface SecretRow {
  id: string
  createdAt: Instant
  expiresAt: Instant | null
}

/** A condition over a row of client_secrets under this alias: the secret is live. */
export const unexpired = (alias: SQL) => sql`(${alias}.expires_at is null or ${alias}.expires_at > clock_timestamp())`

/** Stores a secret of a locked client in a free place or in that of an expired one; undefined if there is none. */
export async function insertSecret(
  tx: Transaction,
  client: string,
  { id, hash }: Pick<NewSecret, 'id' | 'hash'>,
  expiresAt: Instant | null,
): Promise<Secret | undefined> {
  await rows(
    tx,
    'drop_expired_secrets',
    sql`delete from client_secrets s where s.client_id = ${client}::uuid and not ${unexpired(sql`s`)}`,
  )
  const kept = await row<SecretRow>(
    tx,
    'insert_secret',
    sql`insert into client_secrets as s (client_id, place, id, hash, expires_at)
        select ${client}::uuid, place, ${id}::uuid, ${hash}, ${timestamp(expiresAt)}
        from (values (1::smallint), (2)) as places(place)
        where not exists (select from client_secrets t where t.client_id = ${client}::uuid and t.place = places.place)
        order by place limit 1
        returning s.id, ${instant(sql`s.created_at`)} as "createdAt", ${instant(sql`s.expires_at`)} as "expiresAt"`,
  )
  return kept && secretView(kept)
}

/** Deletes a secret; says whether there was one. */
export async function dropSecret(tx: Transaction, client: string, id: string): Promise<boolean> {
  const dropped = await row(
    tx,
    'drop_secret',
    sql`delete from client_secrets where client_id = ${client}::uuid and id = ${id}::uuid returning true as dropped`,
  )
  return dropped !== undefined
}

/** A secret as answers show it. */
export function secretView({ id, createdAt, expiresAt }: SecretRow): Secret {
  return { id, createdAt: iso(createdAt), expiresAt: expiresAt === null ? null : iso(expiresAt) }
}
