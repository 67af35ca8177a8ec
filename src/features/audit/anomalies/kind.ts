import type { SQL } from '../../../db/sql.ts'

/** What a search for anomalies runs over: a stretch of time, RFC 3339, and the remit with the territories below it. */
export interface Scope {
  /** Conditions over ledger_entries e, and over pharmacies p. */
  entryInRemit: SQL
  pharmacyInRemit: SQL
  /** Whether a timestamptz expression lies within the stretch. */
  within(time: SQL): SQL
  from: SQL
}

/**
 * A kind of anomaly: what it says, and the statement that finds it. Its columns, null where they say nothing: `key` (of
 * its own among the kind), `pharmacy`, `product`, `counterparty`, `at`, `entries` and `movements` (uuid lists), `count`
 * of `total`, `measured` and `threshold`.
 */
export interface AnomalyKind {
  about: string
  find(scope: Scope): SQL
}
