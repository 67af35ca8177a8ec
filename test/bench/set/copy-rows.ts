import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

/** Copies rows into a table; null, text, numbers and bytes. */
export function copyRows(client: Client, table: string, rows: readonly unknown[][]): Promise<void> {
  return copyText(client, `copy ${table} from stdin`, textOf(rows))
}

/** Copies rows that stand as text already. */
export function copyText(client: Client, copy: string, text: string | Uint8Array): Promise<void> {
  return pipeline(Readable.from([text], { objectMode: false }), client.query(copyFrom(copy)))
}

/** Rows as COPY reads them. */
export function textOf(rows: readonly unknown[][]): string {
  return rows.map((row) => `${row.map(field).join('\t')}\n`).join('')
}

function field(value: unknown): string {
  if (value === null) return '\\N'
  return Buffer.isBuffer(value) ? `\\\\x${value.toString('hex')}` : String(value).replaceAll('\\', '\\\\')
}
