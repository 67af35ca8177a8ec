import { instantOf, iso } from '../instant.ts'
import { asSigned, NoteFault, type Verifier } from '../signed-note.ts'
import { misfit, readStatement, type Statement } from '../statement.ts'
import { BundleFault, Unanswerable } from './fault.ts'
import type { BundleEntry, BundleHeader, BundleSelection } from './format.ts'
import type { KeptNote } from './promises.ts'
import type { ExpectedRoot } from './tree.ts'

/** A statement that the reader was given, and what was found about it, in a sentence. */
export interface Stated {
  name: string
  statement: Statement
  finding: string
}

const PROMISE_MS = 24 * 3_600_000

/** Opens a statement and adds its figures up. Throws a BundleFault if it is not as signed, or does not add up. */
export function openStatement({ name, note }: KeptNote, keys: readonly Verifier[]): Statement & { origin: string } {
  try {
    const statement = readStatement(asSigned(note), keys)
    const product = misfit(statement)
    if (product === undefined) return statement
    throw new BundleFault(`${name}: the figures of ${product} do not add up`)
  } catch (error) {
    if (error instanceof NoteFault) throw new BundleFault(`${name} ${error.message}`)
    throw error
  }
}

/** Holds the statements that the reader was given against the entries, while these pass. */
export function statementsIn(notes: readonly KeptNote[], keys: readonly Verifier[], header: BundleHeader) {
  const checks = notes.map((each) => {
    const statement = openStatement(each, keys)
    if (statement.origin === header.origin) return new StatementCheck(each.name, statement)
    throw new Unanswerable(`${each.name} is of the log ${statement.origin}, and the bundle of ${header.origin}`)
  })
  return {
    /** What the statements say of a log that the bundle shows up to an entry. */
    roots: (reached: number): ExpectedRoot[] => checks.flatMap((check) => check.root(reached, header)),
    see(entry: BundleEntry): void {
      for (const check of checks) check.see(entry)
    },
    outcomes: (): Stated[] => checks.map((check) => check.outcome(header)),
  }
}

class StatementCheck {
  readonly name: string
  readonly statement: Statement
  /** Masks handed over by product and profession, and overrides: those that must be in it, and those that may. */
  readonly #must = new Map<string, number>()
  readonly #may = new Map<string, number>()

  constructor(name: string, statement: Statement) {
    this.name = name
    this.statement = statement
  }

  root(reached: number, { selection }: BundleHeader): ExpectedRoot[] {
    const { name } = this
    const { checkpoint } = this.statement
    if (!checkpoint) return []
    const { size, root } = checkpoint
    if (size > reached) {
      throw new Unanswerable(
        `${name} was made when the log had ${size} entries, and the bundle ends at ${reached}: ask for a newer one`,
      )
    }
    // A selection has too little in it to tell.
    if (selection !== null) return []
    return [{ by: `the statement ${name}`, isKept: true, size, root: Buffer.from(root, 'base64') }]
  }

  see({ index, columns }: BundleEntry): void {
    const { pharmacy, start, end, madeAt, checkpoint } = this.statement
    if (columns.kind !== 'dispensation' || columns.pharmacy !== pharmacy) return
    const [at, recorded] = [instantOf(columns.occurredAt), instantOf(columns.recordedAt)]
    if (at < start || at >= end || recorded > madeAt) return
    const figures = checkpoint !== null && index < checkpoint.size ? [this.#must, this.#may] : [this.#may]
    const add = (name: string, masks: number) => {
      for (const each of figures) each.set(name, (each.get(name) ?? 0) + masks)
    }
    for (const { product, quantity } of columns.lines) {
      add(product, quantity)
      add(`${product} ${columns.profession}`, quantity)
    }
    if (columns.flags.includes('override')) add('', 1)
  }

  outcome({ selection, exportedAt }: BundleHeader): Stated {
    const { name, statement } = this
    const stated = this.#stated()
    for (const [figure, least] of this.#must) {
      const told = stated.get(figure) ?? (isLeftOut(figure, statement) ? least : 0)
      if (told < least) throw new BundleFault(`${name}: it says ${told} ${nounOf(figure)}, and the log holds ${least}`)
    }
    if (!covers(selection, statement)) return { name, statement, finding: 'no hand-over of this selection is left out' }
    for (const [figure, told] of stated) {
      const most = this.#may.get(figure) ?? 0
      if (told <= most) continue
      const finding = `it says ${told} ${nounOf(figure)}, and the log holds ${most}`
      if (instantOf(exportedAt) > statement.madeAt + PROMISE_MS) throw new BundleFault(`${name}: ${finding}`)
      return { name, statement, finding: `${finding} so far: export again after ${iso(statement.madeAt + PROMISE_MS)}` }
    }
    return { name, statement, finding: 'its hand-overs are those of the log' }
  }

  #stated(): Map<string, number> {
    const { items, overrides } = this.statement
    const byProduct = items.map(({ product, dispensed }) => [product, dispensed] as const)
    const byProfession = items.flatMap(({ product, dispensedByProfession }) =>
      dispensedByProfession.map(({ profession, quantity }) => [`${product} ${profession}`, quantity] as const),
    )
    return new Map([...byProduct, ...byProfession, ['', overrides]])
  }
}

/** Whether a figure is of a profession that the statement does not tell apart. */
function isLeftOut(figure: string, { professions }: Statement): boolean {
  const [, profession] = figure.split(' ')
  return profession !== undefined && professions.length > 0 && !professions.includes(profession)
}

function nounOf(figure: string): string {
  const [product, profession] = figure.split(' ')
  if (product === '') return 'overrides'
  return `${product} handed over${profession === undefined ? '' : ` to profession ${profession}`}`
}

// A remit leaves entries out that nobody can tell from here.
function covers(selection: BundleSelection | null, { pharmacy, start, end }: Statement): boolean {
  if (selection === null) return true
  const { from, to, professional, remit } = selection
  const isHere = selection.pharmacy === null || selection.pharmacy === pharmacy
  const isThen = (from === null || instantOf(from) <= start) && (to === null || instantOf(to) >= end)
  return isHere && isThen && professional === null && remit === null
}
