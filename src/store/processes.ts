import type { Queryable, Transaction } from '../db/database.ts'
import { oneRow, rows, send } from '../db/query.ts'
import { clock, instant, sql, texts } from '../db/sql.ts'
import type { Instant } from '../domain/instant.ts'

/** A process of this service, and the ids of the keys that it signs tokens with and takes them from. */
export interface ServingProcess {
  id: string
  signs: string
  verifies: readonly string[]
}

// What runs no more is forgotten by the others; longer than any of them is ever silent.
const SILENT = sql`interval '1 minute'`

/** What a connection is like: its settings by their names in lower case, and its clock. */
export function readConnection(
  db: Queryable,
  names: string[],
): Promise<{ at: Instant; found: Record<string, string> }> {
  return oneRow(
    db,
    'read_connection',
    sql`select ${instant(clock)} as at, (
          select json_object_agg(lower(name), setting) from (
            select name, setting from pg_settings where lower(name) = any (${texts(names)})
            union all select 'role', current_setting('role')) settings) as found`,
  )
}

/**
 * Says that this process lives; true if an older one cannot read its tokens, or it those of an older one. This COMMIT
 * waits neither for the disk nor for a standby.
 */
export async function tellOfProcess(tx: Transaction, { id, signs, verifies }: ServingProcess): Promise<boolean> {
  send(tx, 'commit_lightly', sql`select set_config('synchronous_commit', 'off', true)`)
  const { strange } = await oneRow<{ strange: boolean }>(
    tx,
    'tell_of_process',
    sql`with silent as (
          select id from processes where seen_at < clock_timestamp() - ${SILENT} and id <> ${id}::uuid
          for update skip locked
        ), forgotten as (
          delete from processes p using silent where p.id = silent.id
        ), me as (
          insert into processes (id, started_at, seen_at, signs, verifies)
          values (${id}::uuid, ${clock}, ${clock}, ${signs}, ${texts(verifies)})
          on conflict (id) do update set seen_at = excluded.seen_at returning started_at
        )
        select exists (
          select from processes other, me
          where other.id <> ${id}::uuid and other.seen_at >= clock_timestamp() - ${SILENT}
            and (other.started_at, other.id) < (me.started_at, ${id}::uuid)
            and not (other.signs = any (${texts(verifies)}) and ${signs} = any (other.verifies))) as strange`,
  )
  return strange
}

/** Says that this process serves no more. */
export async function forgetProcess(db: Queryable, id: string): Promise<void> {
  await rows(db, 'forget_process', sql`delete from processes where id = ${id}::uuid`)
}
