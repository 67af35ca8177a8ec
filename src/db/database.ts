import type { Readable } from 'node:stream'
import type { DatabaseClock } from './followed-clock.ts'
import type { Settings } from './settings.ts'
import type { SQL } from './sql.ts'

/** Runs statements: a database runs each on its own, a transaction runs them all on one connection. */
export interface Queryable {
  /** Runs one statement. Each connection prepares a name once, so a name must always stand for the same text. */
  execute(query: SQL, name?: string): Promise<{ rows: Record<string, unknown>[] }>
}

/**
 * A Queryable inside a transaction. Functions that must share the effect's transaction ask for this type. `sent` are
 * the statements that only the COMMIT waits for: see `send`.
 */
export type Transaction = Queryable & { readonly sent: Promise<unknown>[] }

/** How copied rows are written: CSV with a header line, or the text of a single column unchanged, one row per line. */
export type CopyFormat = 'csv' | 'lines'

/** An open database. Apart from `kind`, the rest of the program cannot tell PostgreSQL from the embedded one. */
export interface Database extends Queryable {
  kind: 'server' | 'embedded'
  /** Its clock, by which tokens are issued and judged; whoever reads the time there says it here. */
  clock: DatabaseClock
  /**
   * Runs short statements that only read. On a server, many of them share a few connections at once, which is cheaper
   * for both sides. A statement that takes long or waits for a lock would hold up those behind it.
   */
  readings: Queryable
  /**
   * Runs what audits read, and the records of their readings. On a server they have a few connections of their own and
   * wait for one another only, so that what decides at a counter never waits for them.
   */
  audits: Queryable
  /** As `audits`, until nobody waits for the answers any more (`gone`): then a server's statement ends at once. */
  auditsUntil(gone: AbortSignal): Queryable
  /**
   * Counts requests. On a server it has a connection of its own, made when first used, and gives up soon: no count ever
   * holds up what is counted.
   */
  counting: Queryable
  /** One attempt: begins, runs the work, and commits, or rolls back if the work throws. `inTransaction` retries. */
  attempt<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** What its connections were opened with. */
  settings: Settings
  /** Whether its disk is known to be full. */
  room: { isLacking: boolean }
  /** Runs SQL written by a library, such as the job queue. */
  foreign(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  /**
   * Streams a query's rows as text, however many there are and however long it takes; times are in UTC. A server sends
   * them on a separate connection, no faster than the reader reads, and the connection ends with the stream. The
   * embedded database first collects all rows in memory. When `gone` is aborted a server's statement ends at once.
   */
  copyOut(query: SQL, format: CopyFormat, gone?: AbortSignal): Promise<Readable>
  close(): Promise<void>
}

/** A connection with the owner's rights, for migrations; it can run scripts of several statements. */
export interface Owner {
  script(sql: string): Promise<void>
  /** Of several statements, returns the rows of the last. */
  rows(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}
