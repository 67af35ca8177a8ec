import type { FastifyRequest } from 'fastify'
import type { Queryable } from '../../db/database.ts'
import { row } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import { iso } from '../../domain/instant.ts'
import type { Text } from '../../domain/language.ts'
import { allInvalid, type FieldError } from '../../domain/refusals.ts'
import { localTime, wholeNumber } from '../../domain/spreadsheet-cells.ts'
import type { App } from '../../http/service.ts'
import { onLine, readSpreadsheet, type SheetRow } from '../../http/spreadsheet.ts'
import { validate } from '../../http/validation.ts'
import { countsBody } from './counts-schema.ts'

const COLUMNS = ['product', 'onHand', 'countedAt', 'gtin', 'onHandBoxes', 'scan']
const NUMBERS = ['onHand', 'onHandBoxes']
const MOST_ERRORS = 10

const notANumber: Text = {
  en: 'must be a whole number that can be read in one way only, such as 1234',
  fr: 'doit être un nombre entier qui ne se lit que d’une façon, tel que 1234',
}
const notATime: Text = {
  en: 'must be a day and time, such as 2026-11-20 09:30',
  fr: 'doit être une date avec l’heure, telle que 2026-11-20 09:30',
}
const twoTimes: Text = {
  en: 'can be read as more than one time: write it such as 2026-11-20T09:30:00+01:00',
  fr: 'peut se lire comme plusieurs heures : écrivez-la telle que 2026-11-20T09:30:00+01:00',
}

/** Has the routes of an instance take, as CSV, the body of counts that they take as JSON. */
export function takeCountsAsCsv(app: App, db: Queryable): void {
  app.addContentTypeParser('text/csv', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    const { finess } = request.params as { finess: string }
    const sheet = readSpreadsheet(body, COLUMNS)
    // Only where a time is written without its zone.
    const isLocal = sheet.some(({ cells }) => cells.countedAt !== undefined && !hasZone(cells.countedAt))
    return countsOf(sheet, isLocal ? await timeZoneOf(db, finess) : 'UTC')
  })
}

/** The body that a sheet stands for. What is wrong is told by its lines, which the body no longer has. */
function countsOf(sheet: readonly SheetRow[], timeZone: string): { counts: object[] } {
  const faults: FieldError[] = []
  const counts = sheet.map(({ line, cells }) => {
    const read = (name: string, cell: string) => {
      const { value, fault } = cellValue(name, cell, timeZone)
      if (fault) faults.push(onLine(line, name, fault))
      return value
    }
    return Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, read(name, cell)]))
  })
  if (faults.length === 0) {
    const { error } = validate(countsBody, { counts }, 'body')
    faults.push(...(error?.errors ?? []).map((each) => atLine(each, sheet)))
  }
  const [first, ...others] = faults.slice(0, MOST_ERRORS)
  if (first) throw allInvalid(first, ...others)
  return { counts }
}

function cellValue(name: string, cell: string, timeZone: string): { value: unknown; fault?: Text } {
  if (NUMBERS.includes(name)) {
    const value = wholeNumber(cell)
    return value === undefined ? { value, fault: notANumber } : { value }
  }
  if (name !== 'countedAt') return { value: cell }
  if (hasZone(cell)) return { value: cell.replace(' ', 'T') }
  const time = localTime(cell, timeZone)
  if (typeof time === 'number') return { value: iso(time) }
  return { value: undefined, fault: time === 'ambiguous' ? twoTimes : notATime }
}

function hasZone(time: string): boolean {
  return /^\d{4}-\d\d-\d\d[T ].*(?:Z|[+-]\d\d:\d\d)$/i.test(time)
}

function atLine({ path, message }: FieldError, sheet: readonly SheetRow[]): FieldError {
  const [, nth, name] = /^counts\[(\d+)\]\.?(.*)$/.exec(path) ?? []
  const found = nth === undefined ? undefined : sheet[Number(nth)]
  return found ? onLine(found.line, name || 'body', message) : { path, message }
}

async function timeZoneOf(db: Queryable, finess: string): Promise<string> {
  const found = await row<{ timeZone: string }>(
    db,
    'time_zone_of_pharmacy',
    sql`select t.time_zone as "timeZone" from pharmacies p join territories t on t.code = p.territory
        where p.finess = ${finess}`,
  )
  return found?.timeZone ?? 'UTC' // Of a pharmacy that there is not, nothing is counted.
}
