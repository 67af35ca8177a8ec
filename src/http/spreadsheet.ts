import { CsvError, type Options, parse } from 'csv-parse/sync'
import { phrase, type Text } from '../domain/language.ts'
import { allInvalid, type FieldError, invalid } from '../domain/refusals.ts'
import { isStorable } from '../domain/text.ts'
import { unknownFields } from './complaint.ts'

/** A row of a spreadsheet: the line on which it ends, and its cells by column, without those that are empty. */
export interface SheetRow {
  line: number
  cells: Record<string, string>
}

const SEPARATORS = [',', ';', '\t']
const MOST_COLUMNS = 100

/**
 * Reads a CSV file as spreadsheets write them: separated by commas, semicolons or tabs, which the header tells or a
 * first line `sep=;`; with a byte order mark or without, in UTF-8, UTF-16 or Windows-1252; with any line ends, quoted
 * cells, cells written `="0340…"`, and empty columns and rows after the others. Of the columns, which are named in any
 * case, each may be there once. Throws a Rejection that names the line of what cannot be read.
 */
export function readSpreadsheet(body: Buffer, columns: readonly string[]): SheetRow[] {
  const text = decoded(body)
  if (!isStorable(text)) throw invalid('body', unstorable)
  const told = /^sep=(.)(?:\r\n|\r|\n)/.exec(text)
  const sheet = told ? text.slice(told[0].length) : text
  const first = told ? 2 : 1
  const delimiter = told?.[1] ?? separatorOf(sheet)
  const [header, ...rows] = records(sheet, delimiter, first)
  if (!header) throw invalid('body', noHeader)
  const names = namesOf(header, columns)
  return rows.map(({ line, cells }) => ({ line, cells: named(names, cells, line) }))
}

/** What is wrong with a line, for whoever looks for it in the file. */
export function onLine(line: number, path: string, message: Text): FieldError {
  return { path, message: { en: phrase`line ${line}: ${message}`, fr: phrase`ligne ${line} : ${message}` } }
}

const unstorable: Text = { en: 'holds U+0000', fr: 'contient U+0000' }
const noHeader: Text = { en: 'has no header row', fr: 'n’a pas de ligne d’en-tête' }
const twice: Text = { en: 'is the name of two columns', fr: 'est le nom de deux colonnes' }
const moreCells: Text = {
  en: 'has more cells than the header has columns',
  fr: 'a plus de cellules que l’en-tête n’a de colonnes',
}
const mixed: Text = {
  en: 'the header is separated by more than one of comma, semicolon and tab',
  fr: 'l’en-tête est séparé par plus d’un signe parmi virgule, point-virgule et tabulation',
}
const misquoted: Text = { en: 'is wrongly quoted', fr: 'a des guillemets mal placés' }

// Excel writes «Unicode text» in UTF-16, and plain CSV in the code page of its country.
function decoded(body: Buffer): string {
  if (body[0] === 0xff && body[1] === 0xfe) return new TextDecoder('utf-16le').decode(body)
  if (body[0] === 0xfe && body[1] === 0xff) return new TextDecoder('utf-16be').decode(body)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return new TextDecoder('windows-1252').decode(body)
  }
}

function separatorOf(sheet: string): string {
  const header = /^\s*([^\r\n]*)/.exec(sheet)?.[1] ?? ''
  const used = SEPARATORS.filter((each) => header.includes(each))
  if (used.length > 1) throw invalid('body', mixed)
  return used[0] ?? ','
}

interface Line {
  line: number
  cells: string[]
}

function records(sheet: string, delimiter: string, first: number): Line[] {
  const options: Options = {
    delimiter,
    info: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  }
  try {
    const found = parse(sheet, options) as unknown as { record: string[]; info: { lines: number } }[]
    return found
      .map(({ record, info }) => ({ line: info.lines + first - 1, cells: record.map(cellOf) }))
      .filter(({ cells }) => cells.some((cell) => cell !== ''))
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw allInvalid(onLine(Number(error.lines) + first - 1, 'body', misquoted))
  }
}

// `="0340"` keeps a spreadsheet from taking a number apart.
function cellOf(written: string): string {
  const cell = written.trim()
  return (/^="(.*)"$/s.exec(cell)?.[1] ?? cell).trim()
}

function namesOf({ line, cells }: Line, columns: readonly string[]): string[] {
  if (cells.length > MOST_COLUMNS) throw invalid('body', moreCells)
  const names = cells.map((cell) => columns.find((column) => column.toLowerCase() === cell.toLowerCase()) ?? cell)
  const unknown = names.filter((name) => name !== '' && !columns.includes(name))
  if (unknown.length > 0) throw allInvalid(onLine(line, 'body', unknownFields(unknown)))
  const repeated = names.find((name, nth) => name !== '' && names.indexOf(name) !== nth)
  if (repeated !== undefined) throw allInvalid(onLine(line, repeated, twice))
  return names
}

function named(names: readonly string[], cells: readonly string[], line: number): Record<string, string> {
  const filled = cells.flatMap((cell, nth): [string, string][] => (cell === '' ? [] : [[names[nth] ?? '', cell]]))
  if (filled.some(([name]) => name === '')) throw allInvalid(onLine(line, 'body', moreCells))
  return Object.fromEntries(filled)
}
