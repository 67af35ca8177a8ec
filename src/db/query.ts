import type { Queryable, Transaction } from './database.ts'
import { Name, Param, SQL, type SQLChunk, StringChunk } from './sql.ts'

/** A statement that PostgreSQL refused, or whose answer was lost; `cause` is the driver's own error. */
export class StatementFailed extends Error {}

/** Writes a statement's text, with `$1`, `$2`, … for its values. */
export function statementOf(query: SQL): { text: string; values: unknown[] } {
  const values: unknown[] = []
  return { text: textOf(query, values), values }
}

// Does what drizzle's own dialect does in a tenth of the time: tables, columns and enums, which it handles, are not
// used.
function textOf(chunk: SQLChunk, values: unknown[]): string {
  if (chunk instanceof StringChunk) return chunk.value.join('')
  if (chunk instanceof SQL) return chunk.queryChunks.reduce<string>((text, part) => text + textOf(part, values), '')
  if (chunk instanceof Name) return `"${chunk.value.replaceAll('"', '""')}"`
  return `$${values.push(chunk instanceof Param ? chunk.value : chunk)}`
}

/**
 * Runs one statement, prepared under its name on each connection, so the text must be the same at every call. Without
 * preparing, the nearest search ran at 0.6 of this speed. `Row` is what the SQL casts to: int4, float8, text, boolean
 * and json arrive the same from both drivers, so statements cast to these.
 */
export async function rows<Row>(db: Queryable, name: string, query: SQL): Promise<Row[]> {
  const { rows } = await db.execute(query, name).catch((cause) => {
    throw new StatementFailed(`the statement ${name} failed`, { cause })
  })
  return rows as Row[]
}

/**
 * Sends a statement without waiting for it: it leaves in one flush with the COMMIT, which saves a round trip under
 * locks. If it fails, the transaction does not commit, so a statement must itself check what it relies on
 * (`unchanged_or_fail`).
 */
export function send(tx: Transaction, name: string, query: SQL): void {
  const sent = rows(tx, name, query)
  sent.catch(() => {}) // Reported when the transaction waits for it.
  tx.sent.push(sent)
}

/**
 * Runs one statement that PostgreSQL plans for the values of each call, under no name. For reads that people make now
 * and then, whose best plan hangs on how common a value is: planned for any value, they would walk whole tables.
 */
export async function rowsPlannedAnew<Row>(db: Queryable, what: string, query: SQL): Promise<Row[]> {
  const { rows } = await db.execute(query).catch((cause) => {
    throw new StatementFailed(`the statement ${what} failed`, { cause })
  })
  return rows as Row[]
}

/** The first row of a statement, or undefined. */
export async function row<Row>(db: Queryable, name: string, query: SQL): Promise<Row | undefined> {
  return (await rows<Row>(db, name, query))[0]
}

/** The one row of a statement that always has one. */
export async function oneRow<Row>(db: Queryable, name: string, query: SQL): Promise<Row> {
  const found = await row<Row>(db, name, query)
  if (found === undefined) throw new Error(`statement ${name} gave no row`)
  return found
}
