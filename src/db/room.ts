import type { Database, Queryable } from './database.ts'
import { sqlState } from './failures.ts'
import { rows } from './query.ts'
import { sql } from './sql.ts'

const DISK_FULL = '53100'

/** A database that remembers when it refused something because its disk was full. */
export function rememberingRoom(database: Omit<Database, 'room'>): Database {
  const room = { isLacking: false }
  const watched = <T>(work: Promise<T>): Promise<T> => {
    work.catch((error) => {
      if (sqlState(error) === DISK_FULL) room.isLacking = true
    })
    return work
  }
  const queryable = (each: Queryable): Queryable => ({
    execute: (query, name) => watched(each.execute(query, name)),
  })
  return {
    ...database,
    ...queryable(database),
    readings: queryable(database.readings),
    audits: queryable(database.audits),
    auditsUntil: (gone) => queryable(database.auditsUntil(gone)),
    counting: queryable(database.counting),
    attempt: (work) => watched(database.attempt(work)),
    foreign: (statement, values) => watched(database.foreign(statement, values)),
    room,
  }
}

/**
 * Finds out whether a disk that was full has room again, and fails as long as it has none. Only new pages tell: what
 * finds room within a page can be written all the while.
 */
export async function findRoom(db: Database): Promise<void> {
  await db.attempt((tx) => rows(tx, 'find_room', sql`select find_room()`))
  db.room.isLacking = false
}
