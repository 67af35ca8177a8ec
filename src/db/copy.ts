import pg from 'pg'
import type { CopyFormat } from './database.ts'
import { statementOf } from './query.ts'
import { type SQL, sql } from './sql.ts'

const formats: Record<CopyFormat, string> = {
  csv: 'format csv, header true, force_quote *',
  // Quotes and delimiters that never occur in JSON, which escapes control characters: nothing is ever quoted.
  lines: `format csv, quote e'\\x01', delimiter e'\\x02'`,
}

// A spreadsheet takes these at the start of a cell for a formula, the last four in full width; some skip blanks and
// quotes before them, and some run a cell that begins with a tab or a carriage return.
const FORMULA = String.raw`'|[\s"]*[=+@＝＋－＠\t\r-]`
const AT_START = `^(?=${FORMULA})`
// Where the reader expects semicolons or tabs between cells, one may begin in the middle of ours, quoted or not.
const AFTER_SEPARATOR = String.raw`([,;\t\r\n])(?=${FORMULA})`
const HARMLESS = String.raw`^[^=+@＝＋－＠'\t\r-]*$`

/**
 * A text as a cell of CSV for people and machines alike: an apostrophe is put at the start, and after any separator
 * within, wherever a formula or another apostrophe would follow. Taking one apostrophe away in each such place, if
 * there is one, gives the text back.
 */
export function csvCell(text: SQL): SQL {
  return sql`case when ${text} ~ ${HARMLESS}::text then ${text} else regexp_replace(
    regexp_replace(${text}, ${AFTER_SEPARATOR}::text, ${String.raw`\1'`}::text, 'g'), ${AT_START}::text, '''') end`
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
