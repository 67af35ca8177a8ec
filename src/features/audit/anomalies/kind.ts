import type { SQL } from '../../../db/sql.ts'

/** What a search for anomalies covers: a stretch of time (RFC 3339), and the remit with the territories below it. */
export interface Scope {
  /** In place of ledger_entries: those in the remit. */
  entriesInRemit: SQL
  /** A condition over persons p: the practice and the profession are in the remit. */
  personInRemit: SQL
  /** Conditions over ledger_entries e, and over pharmacies p. */
  entryInRemit: SQL
  pharmacyInRemit: SQL
  /** A condition: a timestamptz expression is within the stretch. */
  within(time: SQL): SQL
  from: SQL
  to: SQL
  /** Whether the remit is so wide that it costs less to read everything once. */
  isWide: boolean
}

/**
 * A kind of anomaly: its description, and the statement that finds it. The statement's columns, null if they do not
 * apply: `key` (unique within the kind), `pharmacy`, `product`, `counterparty`, `at`, `entries` and `movements` (lists
 * of uuids), `count` of `total`, `measured` and `threshold`.
 */
export interface AnomalyKind {
  about: string
  find(scope: Scope): SQL
}
