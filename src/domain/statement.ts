import { type Instant, instantOf, iso } from './instant.ts'
import { NoteFault, openNote, type Signer, signNote, type Verifier } from './signed-note.ts'

/** What adds to the stock on hand; a difference that a count found may be negative. */
const ADDED = ['deliveries', 'transfersIn', 'reversed', 'countDifferences', 'discrepancies'] as const
/** What takes from it. */
const TAKEN = ['transfersOut', 'dispensed', 'losses', 'returns'] as const

/** The columns of a statement between the stock that a period opens with and the one that it closes with. */
export const CHANGES = [
  'deliveries',
  'transfersIn',
  'transfersOut',
  'dispensed',
  'reversed',
  'losses',
  'returns',
  'countDifferences',
  'discrepancies',
] as const satisfies (typeof ADDED | typeof TAKEN)[number][]

/** One product at one pharmacy over a period, in single masks. */
type StatementItem = Record<'opening' | (typeof CHANGES)[number] | 'closing', number> & {
  product: string
  dispensedByProfession: { profession: string; quantity: number }[]
}

/** What a pharmacy had, received and handed over in a period, as known when it was made. */
export interface Statement {
  pharmacy: string
  /** The first and the last day, in this time zone. */
  from: string
  to: string
  timeZone: string
  /** The same as instants, the end not included. */
  start: Instant
  end: Instant
  madeAt: Instant
  /** Those whose hand-overs are told apart; empty: all. */
  professions: string[]
  items: StatementItem[]
  /** Hand-overs above the entitlement, and entries that were recorded late. */
  overrides: number
  late: number
  /** All entries of the log up to here were known. */
  checkpoint: { size: number; root: string } | null
}

const TAG = 'gomask-statement-v1'

/**
 * The first product whose figures do not add up: what the period opens with and all changes to what it closes with, or
 * the professions to what was dispensed, or to no more than that where some are not told. Undefined if all do.
 */
export function misfit({ items, professions }: Pick<Statement, 'items' | 'professions'>): string | undefined {
  return items.find((item) => {
    const sum = (names: readonly (typeof CHANGES)[number][]) => names.reduce((total, name) => total + item[name], 0)
    const byProfession = item.dispensedByProfession.reduce((total, { quantity }) => total + quantity, 0)
    const isWhole = professions.length > 0 ? byProfession <= item.dispensed : byProfession === item.dispensed
    return item.opening + sum(ADDED) - sum(TAKEN) !== item.closing || !isWhole
  })?.product
}

/**
 * A statement as a signed note (C2SP signed-note), of a fixed text: version tag, origin, pharmacy, period, when it was
 * made, the newest checkpoint of then, and a line for each figure's product and profession.
 */
export function signStatement(statement: Statement, signers: readonly [Signer, ...Signer[]]): string {
  return signNote(textOf(statement, signers[0].name), signers)
}

/** Reads a statement signed by one of these keys; throws a NoteFault that says why it can't. */
export function readStatement(note: string, verifiers: readonly Verifier[]): Statement & { origin: string } {
  const text = openNote(note, verifiers)
  const [tag, origin = '', ...lines] = text.split('\n')
  if (tag !== TAG) throw new NoteFault('is not a statement')
  const statement = statementOf(lines.map((line) => line.split(' ')))
  // Whatever was read in another way than it is written is no statement of ours.
  if (!statement || textOf(statement, origin) !== text) throw new NoteFault('is not written as a statement is')
  return { ...statement, origin }
}

function textOf(statement: Statement, origin: string): string {
  const { pharmacy, from, to, timeZone, start, end, madeAt, professions, checkpoint, overrides, late } = statement
  const lines = [
    [TAG],
    [origin],
    ['pharmacy', pharmacy],
    ['period', from, to, timeZone],
    ['between', iso(start), iso(end)],
    ['made', iso(madeAt)],
    ['checkpoint', ...(checkpoint ? [checkpoint.size, checkpoint.root] : ['none'])],
    ['professions', ...(professions.length > 0 ? professions : ['all'])],
    ['overrides', overrides],
    ['late', late],
    ...statement.items.flatMap((item) => [
      ['product', item.product, ...figures(item)],
      ...item.dispensedByProfession.map(({ profession, quantity }) => [
        'profession',
        item.product,
        profession,
        quantity,
      ]),
    ]),
  ]
  return lines.map((line) => `${line.join(' ')}\n`).join('')
}

const FIGURES = ['opening', ...CHANGES, 'closing'] as const

function figures(item: StatementItem): (string | number)[] {
  return FIGURES.flatMap((name) => [name, item[name]])
}

function statementOf(lines: string[][]): Statement | undefined {
  const line = (name: string) => lines.find(([first]) => first === name)?.slice(1) ?? []
  const [from = '', to = '', timeZone = ''] = line('period')
  const [size, root] = line('checkpoint')
  const [first, ...others] = line('professions')
  try {
    const [start, end, madeAt] = [...line('between'), ...line('made')].map(instantOf)
    if (start === undefined || end === undefined || madeAt === undefined) return undefined
    return {
      pharmacy: line('pharmacy')[0] ?? '',
      ...{ from, to, timeZone, start, end, madeAt },
      checkpoint: root === undefined ? null : { size: Number(size), root },
      professions: first === undefined || first === 'all' ? [] : [first, ...others],
      overrides: Number(line('overrides')[0]),
      late: Number(line('late')[0]),
      items: lines.filter(([name]) => name === 'product').map((each) => itemOf(each, lines)),
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function itemOf([, product = '', ...pairs]: string[], lines: string[][]): StatementItem {
  const figure = (name: string) => Number(pairs[pairs.indexOf(name) + 1])
  const dispensedByProfession = lines
    .filter(([name, of]) => name === 'profession' && of === product)
    .map(([, , profession = '', quantity]) => ({ profession, quantity: Number(quantity) }))
  const named = Object.fromEntries(FIGURES.map((name) => [name, figure(name)]))
  return { ...(named as Record<(typeof FIGURES)[number], number>), product, dispensedByProfession }
}
