import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

/** Copies rows into a table; null, text, numbers and bytes. */
export function copyRows(client: Client, table: string, rows: readonly unknown[][]): Promise<void> {
  const text = rows.map((row) => `${row.map(field).join('\t')}\n`).join('')
  return pipeline(Readable.from([text]), client.query(copyFrom(`copy ${table} from stdin`)))
}

function field(value: unknown): string {
  if (value === null) return '\\N'
  return Buffer.isBuffer(value) ? `\\\\x${value.toString('hex')}` : String(value).replaceAll('\\', '\\\\')
}
