import type { Service } from './service.ts'

/** A row of an export: a line of an entry, as NDJSON has it. */
export type ExportedLine = Record<string, string | number | string[] | null>

/** An export as NDJSON, read. */
export async function exportedLines(service: Service, token: string, query = ''): Promise<ExportedLine[]> {
  const { status, body } = await exported(service, token, 'application/x-ndjson', query)
  if (status !== 200) throw new Error(`the export answered ${status}: ${body}`)
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ExportedLine)
}

/** An export as CSV, read: the header and the rows, whose empty cells are null. */
export async function exportedCells(service: Service, token: string, query = ''): Promise<(string | null)[][]> {
  const { status, body } = await exported(service, token, 'text/csv', query)
  if (status !== 200) throw new Error(`the export answered ${status}: ${body}`)
  return cellsOf(body)
}

/** CSV, read: the header and the rows, whose empty cells are null. */
export function cellsOf(csv: string): (string | null)[][] {
  // Every cell ends at a comma or a line's end; a quoted one doubles its quotes.
  const cells = [...csv.matchAll(/("(?:[^"]|"")*"|[^,\n]*)(,|\n)/g)]
  const rows: (string | null)[][] = [[]]
  for (const [, cell = '', end] of cells) {
    rows.at(-1)?.push(cell === '' ? null : cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)
    if (end === '\n') rows.push([])
  }
  return rows.slice(0, -1)
}

/** The answer to a request for an export. */
export async function exported({ app }: Service, token: string, accept: string, query = '') {
  const response = await app.inject({
    url: `/v1/audit/dispensations${query}`,
    headers: { authorization: `Bearer ${token}`, accept },
  })
  return { status: response.statusCode, body: response.body, headers: response.headers }
}
