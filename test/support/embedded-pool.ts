import { rm } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Database } from '../../src/db/database.ts'
import { openEmbedded } from '../../src/db/embedded.ts'
import { RELIED_ON, settingStatement } from '../../src/db/settings.ts'

/** An embedded database that a test file has to itself. */
export interface Taken {
  db: Database
  folder: string
  giveBack(): Promise<void>
}

/** An open embedded database, and what it was like when the migrations and the job queue had made it. */
interface Kept {
  db: Database
  folder: string
  schema: string
  tables: Table[]
}

interface Table {
  name: string
  /** Those that can be written to. */
  columns: string[]
  /** As PostgreSQL writes them. */
  rows: string[]
}

let spare: Kept | undefined

/**
 * Takes the embedded database that this process has open, else opens another in a folder that `makeFolder` copies: to
 * open one takes a second of processor time, to empty one a tenth of it.
 */
export async function takeEmbedded(makeFolder: () => Promise<string>): Promise<Taken> {
  const kept = spare ?? (await open(await makeFolder()))
  spare = undefined
  return {
    ...kept,
    giveBack: async () => {
      if (spare === undefined && (await isAsMade(kept))) spare = kept
      else await discard(kept)
    },
  }
}

/** Closes what this process has kept open. */
export async function closeSpare(): Promise<void> {
  if (spare) await discard(spare)
  spare = undefined
}

async function open(folder: string): Promise<Kept> {
  const db = await (await openEmbedded(folder)).asService()
  await db.foreign('reset role')
  const kept = { db, folder, schema: await schemaOf(db), tables: await readTables(db) }
  await db.foreign('set role gomask_app')
  return kept
}

async function discard({ db, folder }: Kept): Promise<void> {
  await db.close()
  await rm(folder, { recursive: true })
}

/** Gives a database its rows back; false for one that was closed, or of which the schema was changed. */
async function isAsMade({ db, schema, tables }: Kept): Promise<boolean> {
  const isOpen = await db.foreign('discard all').then(
    () => true,
    () => false,
  )
  if (!isOpen) return false
  await db.foreign(settingStatement(RELIED_ON)) // As it was opened.
  if ((await schemaOf(db)) !== schema) return false
  await restore(db, tables)
  await db.foreign('set role gomask_app')
  return true
}

/** Takes out what tests have put in, past the triggers that refuse it to everybody else, and puts back the rest. */
async function restore(db: Database, made: readonly Table[]): Promise<void> {
  const changed = await changedFrom(db, made)
  if (changed.length === 0) return
  await db.foreign('set session_replication_role = replica')
  await db.foreign(`truncate ${changed.map(({ name }) => name).join(', ')} restart identity cascade`)
  // Once more, as tables that refer to these were emptied with them.
  for (const { name, columns, rows } of await changedFrom(db, made)) {
    const values = columns.map((column) => `(kept.entry).${column}`).join(', ')
    await db.foreign(
      `insert into ${name} (${columns.join(', ')}) overriding system value
       select ${values} from (select unnest($1::text[])::${name} as entry) as kept`,
      [rows],
    )
  }
  await db.foreign('set session_replication_role = origin')
}

async function changedFrom(db: Database, made: readonly Table[]): Promise<Table[]> {
  const now = new Map((await readTables(db)).map(({ name, rows }) => [name, rows]))
  return made.filter(({ name, rows }) => !isDeepStrictEqual(now.get(name), rows))
}

async function readTables(db: Database): Promise<Table[]> {
  const { rows: found } = (await db.foreign(`
    select c.oid::regclass::text as name,
      array(select quote_ident(attname) from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'pgboss') and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname <> 'spatial_ref_sys'
    order by 1`)) as { rows: Omit<Table, 'rows'>[] }
  const contents = found.map(({ name }) => `select array(select t::text from ${name} t order by 1) as rows`)
  const { rows } = (await db.foreign(contents.join(' union all '))) as { rows: Pick<Table, 'rows'>[] }
  return found.map((table, nth) => ({ ...table, rows: rows[nth]?.rows ?? [] }))
}

/** A hash of the schema and the statistics; `xmin` tells a row of the catalogue that was replaced. */
async function schemaOf(db: Database): Promise<string> {
  const { rows } = await db.foreign(`
    select md5(string_agg(part, ' ' order by part)) as schema from (
      select concat_ws(' ', 'class', oid, relname, relacl, relchecks, relhastriggers, reloptions) as part
        from pg_class where oid >= 16384 and relkind in ('r', 'p', 'i', 'v', 'S')
      union all select concat_ws(' ', 'attribute', attrelid, attnum, xmin) from pg_attribute where attrelid >= 16384
      union all select concat_ws(' ', 'trigger', oid, xmin) from pg_trigger
      union all select concat_ws(' ', 'constraint', oid, xmin) from pg_constraint where oid >= 16384
      union all select concat_ws(' ', 'function', oid, xmin) from pg_proc where oid >= 16384
      union all select concat_ws(' ', 'role', oid, xmin) from pg_authid
      union all select concat_ws(' ', 'setting', setdatabase, setrole, setconfig) from pg_db_role_setting
      union all select concat_ws(' ', 'statistics', starelid, staattnum, xmin) from pg_statistic where starelid >= 16384
    ) parts`)
  return (rows as { schema: string }[])[0]?.schema ?? ''
}
