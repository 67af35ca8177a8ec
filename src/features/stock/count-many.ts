import type { Transaction } from '../../db/database.ts'
import { phrase } from '../../domain/language.ts'
import { countedLine, type PackFacts } from '../../domain/packs.ts'
import { allInvalid, invalid, isRefusal, type Refusal, Rejection } from '../../domain/refusals.ts'
import { type Counted, countAll, countEach, isTaken, type ProductCount } from './count.ts'
import type { CountsBody } from './counts-schema.ts'

/** What became of one of many counts; the product is null if its pack is unknown. */
export interface CountOutcome {
  product: string | null
  counted: Counted
}

interface Request extends CountsBody {
  pharmacy: string
  operator: string | undefined
}

/**
 * Counts many products as one count alone is counted. In the mode `all`, one that is refused is the answer, and nothing
 * is changed. Rejects a product that is counted twice: whether two counts are of two places, to be added up, or one
 * corrects the other, only the caller knows.
 */
export async function countMany(
  tx: Transaction,
  { mode, counts, pharmacy, operator }: Request,
  facts: PackFacts,
): Promise<CountOutcome[] | Refusal> {
  const lines = counts.map((said, index) => lineOf(said, facts, mode === 'all' ? `counts[${index}].` : ''))
  rejectRepeated(lines)
  const readable = lines.flatMap((line) => (line instanceof Rejection ? [] : line))
  const at = { pharmacy, operator }
  if (mode === 'each') return outcomesOf(lines, await countEach(tx, readable, at))
  const unreadable = lines.find((line) => line instanceof Rejection)
  if (unreadable) throw unreadable
  const outcomes = outcomesOf(lines, await countAll(tx, readable, at))
  const index = outcomes.findIndex(({ counted }) => !isTaken(counted))
  return index === -1 ? outcomes : ofIndex(outcomes[index]?.counted, index)
}

type Line = ProductCount | Rejection

function lineOf(said: CountsBody['counts'][number], facts: PackFacts, path: string): Line {
  try {
    return { ...countedLine(said, facts, path), countedAt: said.countedAt }
  } catch (error) {
    if (error instanceof Rejection) return error
    throw error
  }
}

function outcomesOf(lines: readonly Line[], counted: readonly Counted[]): CountOutcome[] {
  const next = counted.values()
  return lines.map((line) => {
    if (line instanceof Rejection) return { product: null, counted: line }
    return { product: line.product, counted: next.next().value as Counted }
  })
}

function rejectRepeated(lines: readonly Line[]): void {
  const first = new Map<string, number>()
  const errors = lines.flatMap((line, index) => {
    if (line instanceof Rejection) return []
    const before = first.get(line.product)
    if (before === undefined) first.set(line.product, index)
    return before === undefined ? [] : { path: `counts[${index}]`, message: repeated(before) }
  })
  const [error, ...others] = errors
  if (error) throw allInvalid(error, ...others)
}

function repeated(before: number) {
  return {
    en: phrase`is of the product of counts[${before}]: add the two up, or send them apart`,
    fr: phrase`porte sur le même masque que counts[${before}] : additionnez les deux, ou envoyez-les séparément`,
  }
}

// Which one it was is told beside what it would have been answered alone.
function ofIndex(counted: Counted | undefined, index: number): Refusal {
  if (isRefusal(counted)) return { ...counted, facts: { ...counted.facts, index } }
  if (!(counted instanceof Rejection)) throw new Error('a count was taken')
  const [error] = counted.errors ?? []
  if (error) throw invalid(`counts[${index}].${error.path}`, error.message)
  const { code, detail } = counted
  throw new Rejection(code, {
    en: phrase`counts[${index}]: ${detail}`,
    fr: phrase`counts[${index}] : ${detail}`,
  })
}
