// As `csvCell` has it for what the database writes; a test holds one against the other.
const FORMULA = String.raw`'|[\s"]*[=+@＝＋－＠\t\r-]`
const AT_START = new RegExp(`^(?=${FORMULA})`, 'u')
const AFTER_SEPARATOR = new RegExp(String.raw`([,;\t\r\n])(?=${FORMULA})`, 'gu')

type Rows = readonly (readonly (string | number)[])[]

/** Rows as CSV, as exports write it: the columns' names, then every value quoted, and no formula in a text. */
export function csvOf(columns: readonly string[], rows: Rows): string {
  return `${columns.join(',')}\n${csvRows(rows)}`
}

/** The rows alone, to go on with. */
export function csvRows(rows: Rows): string {
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('')
}

function cell(value: string | number): string {
  const text = typeof value === 'number' ? String(value) : value.replace(AFTER_SEPARATOR, "$1'").replace(AT_START, "'")
  return `"${text.replaceAll('"', '""')}"`
}
