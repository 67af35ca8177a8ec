import pg from 'pg'
import type { CopyFormat } from './database.ts'
import { statementOf } from './query.ts'
import type { SQL } from './sql.ts'

const formats: Record<CopyFormat, string> = {
  csv: 'format csv, header true',
  // Quotes and delimiters that never occur in JSON, which escapes control characters: nothing is ever quoted.
  lines: `format csv, quote e'\\x01', delimiter e'\\x02'`,
}

/**
 * The COPY statement that writes a query's rows. COPY takes no parameters, so here, and only here, the query's values
 * become literals: null, text and lists of text. Anything else is refused (TypeError).
 */
export function copyStatement(query: SQL, format: CopyFormat, destination: 'stdout' | `'/dev/blob'`): string {
  const { text, values } = statementOf(query)
  const literals = text.replace(/\$(\d+)/g, (_, position) => literal(values[Number(position) - 1]))
  return `copy (${literals}) to ${destination} with (${formats[format]})`
}

function literal(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `array[${value.map(literal).join(', ')}]`
  // PostgreSQL's text ends at a NUL, and so would the statement.
  if (typeof value !== 'string' || value.includes('\0')) throw new TypeError('COPY takes text, lists of text and null')
  return pg.escapeLiteral(value)
}
