import type { Statement } from './messages.ts'
import type { Flush, Work } from './recorder.ts'

/** How one recorded request becomes any request of its kind. */
export interface Variation {
  /**
   * pgbench's own lines that draw the variables of one transaction. There already: `:serial`, new at each transaction,
   * and `:turn`, which counts those of all clients from 0 on.
   */
  draw: string[]
  /** What the recorded request held, in whatever parameter, and the SQL text expression in its place. */
  replace: [recorded: string | RegExp, sql: string][]
  /** Parameters known by where they stand in a statement's text: the pattern's first group is the `$n`. */
  inText?: [pattern: RegExp, sql: string][]
  /** Names of statements that later ones take values from: those of the first row become variables. */
  readBack?: RegExp
  /**
   * Names of statements that skip what somebody else has locked: here they wait, as a script cannot come back to it.
   */
  waits?: RegExp
}

/** A script for pgbench, and the variables that it is started with. */
export interface Script {
  text: string
  variables: Record<string, string>
}

// `:clients` and `:run`, the beginning of a UUIDv7 of the run's own, are given with each run.
const PRELUDE = ['\\set n :n + 1', '\\set serial :n * 1000 + :client_id', '\\set turn :n * :clients + :client_id']

/** The beginning of the ids that a run makes, up to the version: they lie behind all that are there. */
export function runPrefix(now: number): string {
  const ms = now.toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7`
}

/** An Idempotency-Key that comes once. */
export const NEW_KEY = `(:run::text || '.' || :serial::text)`

const FRESH_MS = 600_000
const UUID_V7 = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g

/**
 * Writes the script that does again what the program was recorded to do, with the program's own SQL: each flush a
 * pipeline, each parameter a parameter. Constant parts are sent as parameters too, as the program sends them; ids that
 * the program made are new in each transaction, in the order of time, and its times are now.
 */
export function writeScript(works: readonly Work[], variation: Variation, now = Date.now()): Script {
  const { readBack } = variation
  // pgbench takes a variable that nobody set for null, and would do other work than the program without a word.
  if (readBack && !works.flat(2).some(({ name }) => readBack.test(name))) {
    throw new Error(`the program sent no statement ${readBack}, which others take values from`)
  }
  const variables: Record<string, string> = { n: '-1' }
  const replace = [...variation.replace, ...freshIds(works, now), ...freshTimes(works, now)]
  const write = (statement: Statement) => writeStatement(statement, { ...variation, replace }, variables)
  const lines = works.flat().flatMap((flush) => writeFlush(flush, write, readBack))
  const text = [...PRELUDE, ...variation.draw, ...lines].join('\n')
  return { text: `${text}\n`, variables }
}

// PostgreSQL's answers are read only outside pipelines, so that a flush with one to read back falls apart around it.
function writeFlush(flush: Flush, write: (statement: Statement) => string, readBack: RegExp | undefined): string[] {
  const nth = flush.findIndex(({ name }) => readBack?.test(name))
  const found = flush[nth]
  if (found) {
    const around = [flush.slice(0, nth), flush.slice(nth + 1)].map((part) => writeFlush(part, write, readBack))
    return [...(around[0] ?? []), readFirstRow(write(found)), ...(around[1] ?? [])]
  }
  const lines = flush.map((statement) => `${write(statement)};`)
  return lines.length > 1 ? ['\\startpipeline', ...lines, '\\endpipeline'] : lines
}

// pgbench keeps the last row.
function readFirstRow(query: string): string {
  return `select * from (select *, row_number() over () as nth from (\n${query}\n) as found) as found order by nth desc \\aset`
}

function writeStatement(
  { name, text, parameters }: Statement,
  variation: Variation,
  variables: Record<string, string>,
): string {
  const byPlace = new Map<string, string>()
  for (const [pattern, sql] of variation.inText ?? []) {
    for (const [, place] of text.matchAll(new RegExp(pattern, 'g'))) if (place) byPlace.set(place, sql)
  }
  const waiting = variation.waits?.test(name) ? text.replaceAll('skip locked', '') : text
  return withoutColons(waiting.trim()).replace(/\$\d+/g, (place) => {
    const parameter = parameters[Number(place.slice(1)) - 1]
    return byPlace.get(place) ?? expressionOf(parameter ?? null, variation.replace, variables)
  })
}

// pgbench takes `:MI` for a variable of its own, even within quotes.
function withoutColons(text: string): string {
  return text.replace(/'[^']*'/g, (literal) => (/:\w/.test(literal) ? `E${literal.replaceAll(':', '\\x3a')}` : literal))
}

/** The SQL for a parameter: a variable, or a text put together from constant variables and expressions. */
export function expressionOf(
  parameter: string | null,
  replace: Variation['replace'],
  variables: Record<string, string>,
): string {
  if (parameter === null) return 'null'
  const parts = partsOf(parameter, replace).map((part) =>
    'sql' in part ? part.sql : `:${constant(part.text, variables)}`,
  )
  const [only = `:${constant('', variables)}`, ...others] = parts
  return others.length === 0
    ? only
    : `(${parts.map((part) => (part.startsWith(':') ? `${part}::text` : part)).join(' || ')})`
}

type Part = { text: string } | { sql: string }

function partsOf(text: string, replace: Variation['replace']): Part[] {
  return replace.reduce<Part[]>(
    (parts, [recorded, sql]) => parts.flatMap((part) => ('sql' in part ? [part] : cut(part.text, recorded, sql))),
    [{ text }],
  )
}

function cut(text: string, recorded: string | RegExp, sql: string): Part[] {
  const between = typeof recorded === 'string' ? text.split(recorded) : text.split(new RegExp(recorded, 'g'))
  return between
    .flatMap((part, nth): Part[] => (nth === 0 ? [{ text: part }] : [{ sql }, { text: part }]))
    .filter((part) => 'sql' in part || part.text !== '' || text === '')
}

function constant(text: string, variables: Record<string, string>): string {
  const known = Object.entries(variables).find(([name, value]) => name !== 'n' && value === text)
  const name = known?.[0] ?? `c${Object.keys(variables).length}`
  variables[name] = text
  return name
}

function freshIds(works: readonly Work[], now: number): Variation['replace'] {
  const made = matchesIn(works, UUID_V7).filter((id) =>
    isRecent(Number.parseInt(id.replace('-', '').slice(0, 12), 16), now),
  )
  return made.map((id, nth) => [id, idOf(nth)])
}

function idOf(nth: number): string {
  return `(:run::text || '${nth.toString(16).padStart(3, '0')}-8000-' || lpad(to_hex(:serial::bigint), 12, '0'))`
}

function freshTimes(works: readonly Work[], now: number): Variation['replace'] {
  const times = matchesIn(works, TIME).filter((time) => isRecent(Date.parse(time), now))
  return times.map((time) => [time, 'now()::text'])
}

function isRecent(ms: number, now: number): boolean {
  return Math.abs(ms - now) < FRESH_MS
}

function matchesIn(works: readonly Work[], pattern: RegExp): string[] {
  const texts = works.flat(2).flatMap(({ parameters }) => parameters.filter((each) => each !== null))
  return [...new Set(texts.flatMap((text) => text.match(pattern) ?? []))]
}
