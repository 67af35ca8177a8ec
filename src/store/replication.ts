import type { Transaction } from '../db/database.ts'
import { send } from '../db/query.ts'
import { sql } from '../db/sql.ts'

/**
 * Has the COMMIT wait, as that of a write does, until a synchronous standby has all that was written before it, what
 * this transaction has read included. A COMMIT without a record of its own in the write-ahead log waits for nothing, so
 * that a retry could acknowledge what was committed on this host alone, and is lost with it.
 */
export function waitForStandby(tx: Transaction): void {
  send(tx, 'mark_write_ahead_log', sql`select pg_logical_emit_message(true, 'gomask', '')`)
}
