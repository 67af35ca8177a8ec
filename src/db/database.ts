import type { Readable } from 'node:stream'
import type { SQL } from './sql.ts'

/** Runs statements: a database each by itself, a transaction all on its one connection. */
export interface Queryable {
  /** Runs one statement. A name has each connection prepare it once, so that it must stand for one text always. */
  execute(query: SQL, name?: string): Promise<{ rows: Record<string, unknown>[] }>
}

/**
 * A Queryable inside a transaction. Functions that must share the effect's transaction ask for this type. `sent` are the
 * statements that nobody waits for but the COMMIT: see `send`.
 */
export type Transaction = Queryable & { readonly sent: Promise<unknown>[] }

/** How copied rows are written: CSV with a header line, or the text of the one column as it is, a row a line. */
export type CopyFormat = 'csv' | 'lines'

/** One open database, PostgreSQL or embedded; the two differ in nothing else that the rest of the program sees. */
export interface Database extends Queryable {
  kind: 'server' | 'embedded'
  /**
   * Runs short statements that only read: on a server many are under way at once on few connections, which costs both sides
   * less. Whatever may take long, or waits for a lock, would hold up those behind it.
   */
  readings: Queryable
  /** One attempt: begins, runs the work, commits; rolls back when the work throws. `inTransaction` adds the retries. */
  attempt<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Runs SQL of a library's own making, such as the job queue's. */
  foreign(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  /**
   * Streams a query's rows as text, however many they are and however long it takes; times are shown in UTC. On a server
   * from a connection of its own, no faster than the reader reads, and ended with the stream; the embedded database
   * has all rows in memory first.
   */
  copyOut(query: SQL, format: CopyFormat): Promise<Readable>
  /** Answers within two seconds whether a statement runs at all. */
  isReachable(): Promise<boolean>
  close(): Promise<void>
}

/** A connection with the owner's rights, for migrations: sends scripts of several statements as they are. */
export interface Owner {
  kind: 'server' | 'embedded'
  script(sql: string): Promise<void>
  /** Several statements give the rows of the last. */
  rows(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}
