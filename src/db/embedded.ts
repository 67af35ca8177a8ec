import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PGlite } from '@electric-sql/pglite'
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist'
import { dataDir as packedDatabase } from '@electric-sql/pglite-prepopulatedfs'
import { extract } from 'tar'
import { makeDataDir } from '../data-dir.ts'
import { copyStatement } from './copy.ts'
import type { CopyFormat, Database, Owner, Queryable, Transaction } from './database.ts'
import { makeWhole, removeDrafts } from './draft.ts'
import { durable, durableStart } from './durable.ts'
import { followClock } from './followed-clock.ts'
import { postgisAlone } from './postgis.ts'
import { statementOf } from './query.ts'
import { rememberingRoom } from './room.ts'
import { RELIED_ON, type Settings, settingStatement } from './settings.ts'
import type { SQL } from './sql.ts'

/** Another process has the embedded database open. PGlite itself would not refuse, and the two would ruin it. */
export class DataDirLocked extends Error {}

/** The embedded database, at first with the owner's rights; `asService` gives them up for good. */
export interface Embedded {
  owner: Owner
  /** With other settings where given. */
  asService(settings?: Settings): Promise<Database>
  close(): Promise<void>
}

/** Opens PostgreSQL with PostGIS inside this process, in `dataDir`. */
export async function openEmbedded(dataDir: string): Promise<Embedded> {
  await makeDataDir(dataDir)
  const unlock = lockFolder(dataDir)
  try {
    await removeDrafts(dataDir)
    const folder = join(dataDir, 'database')
    await makeWhole(folder, emptyDatabase)
    const pglite = await PGlite.create(folder, {
      extensions: { postgis: postgisAlone(dataDir), btree_gist, durable },
      startParams: durableStart,
    })
    await pglite.exec(settingStatement(RELIED_ON))
    return over(pglite, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

/** Unpacks what PGlite's initdb would make, as its authors packed it, in a sixth of the time. */
async function emptyDatabase(draft: string): Promise<string> {
  const folder = join(draft, 'database')
  await mkdir(folder)
  const packed = await packedDatabase()
  await pipeline(packed.stream(), extract({ cwd: folder }))
  return folder
}

function over(pglite: PGlite, unlock: () => void): Embedded {
  const close = async () => {
    if (!pglite.closed) await pglite.close()
    unlock()
  }
  return {
    owner: {
      script: async (sql) => void (await pglite.exec(sql)),
      rows: async (sql, values) => (await send(pglite, sql, values)).rows,
      close: async () => {}, // The only connection goes on as the service's.
    },
    async asService(settings = RELIED_ON) {
      await pglite.exec(settingStatement(settings))
      await pglite.exec('set role gomask_app')
      return rememberingRoom({
        kind: 'embedded',
        settings: { ...settings, role: 'gomask_app' },
        clock: followClock(),
        ...queryable(pglite),
        readings: queryable(pglite),
        audits: queryable(pglite),
        auditsUntil: () => queryable(pglite),
        counting: queryable(pglite),
        attempt: (work) => attempt(pglite, work),
        foreign: (sql, values) => send(pglite, sql, values),
        copyOut: (query, format) => copyOut(pglite, query, format),
        close,
      })
    },
    close,
  }
}

function queryable(runner: Pick<PGlite, 'query'>): Queryable {
  return {
    execute(query) {
      const { text, values } = statementOf(query)
      return runner.query<Record<string, unknown>>(text, values)
    },
  }
}

function attempt<T>(pglite: PGlite, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return pglite.transaction(async (tx) => {
    const sent: Promise<unknown>[] = []
    const result = await work({ ...queryable(tx), sent })
    await Promise.all(sent)
    // COMMIT rolls back a transaction in which a statement failed, and PGlite does not say so. Any other statement
    // fails.
    await tx.exec('select')
    return result
  })
}

// Only the owner may write files, and to PostgreSQL /dev/blob is one.
function copyOut(pglite: PGlite, query: SQL, format: CopyFormat): Promise<Readable> {
  return pglite.transaction(async (tx) => {
    await tx.exec('set local role none')
    const { blob } = await tx.query(copyStatement(query, format, `'/dev/blob'`))
    return Readable.from(blob?.stream() ?? []) // There is no blob if nothing was written.
  })
}

// Only a text without parameters may consist of several statements.
async function send(pglite: PGlite, sql: string, values: unknown[] = []): Promise<{ rows: Record<string, unknown>[] }> {
  if (values.length > 0) return pglite.query<Record<string, unknown>>(sql, values)
  return (await pglite.exec(sql)).at(-1) as { rows: Record<string, unknown>[] }
}

/**
 * Takes an operating-system lock on the folder, through SQLite, which ships with Node. The lock ends with the process,
 * however that ends, works between containers that share a volume, and leaves nothing stale behind. Returns a function
 * that releases it. Throws DataDirLocked if another process holds it.
 */
export function lockFolder(dataDir: string): () => void {
  const file = new DatabaseSync(join(dataDir, 'lock'))
  try {
    file.exec('pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    file.close()
    if (!String(error).includes('locked')) throw error
    throw new DataDirLocked(
      `${dataDir} is in use by another process. If that is a running service, use its API (gomask token --role admin prints a token for it), or stop it first; or set DATA_DIR to another folder`,
    )
  }
  return () => {
    if (file.isOpen) file.close()
  }
}
