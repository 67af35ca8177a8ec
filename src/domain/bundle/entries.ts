import type { Checkpoint } from '../checkpoint.ts'
import { unsealRecord } from '../log-record.ts'
import { leafHash } from '../merkle.ts'
import { isIncluded } from '../merkle-proofs.ts'
import { type Chains, partsOfChains, wholeChains } from './chains.ts'
import { faultOf, numbersIn, type Unsealed, unseal } from './entry.ts'
import { BundleFault } from './fault.ts'
import {
  type BundleEntry,
  type BundleHeader,
  type BundleRecord,
  type Columns,
  FORMAT,
  type HiddenEntry,
} from './format.ts'
import { NumbersOfPersons } from './numbers.ts'
import { JudgingRules } from './rules.ts'
import { isHistory, isSelected } from './selection.ts'
import { type ExpectedRoot, type RebuiltTree, rebuildTree } from './tree.ts'

/**
 * Checks the entries of a bundle one by one, in the log's order. Every method throws a BundleFault at the first fault.
 */
export class BundleEntries {
  readonly #header: BundleHeader
  readonly #newest: Checkpoint
  readonly #tree: RebuiltTree | undefined
  readonly #chains: Chains
  readonly #isComplete: boolean
  readonly #awaited = new Map<number, { index: number; personId: string; seq: number; count: number }>()
  readonly #rules = new JudgingRules()
  readonly #numbers = new NumbersOfPersons()
  #last = -1
  /** How many came; how many of them are records, are erased, and are there by their hash alone. */
  count = 0
  records = 0
  erased = 0
  hidden = 0

  constructor(header: BundleHeader, newest: Checkpoint, expected: readonly ExpectedRoot[]) {
    const { selection } = header
    this.#header = header
    this.#newest = newest
    this.#tree = selection === null ? rebuildTree(expected) : undefined
    this.#isComplete = selection === null || isHistory(selection)
    this.#chains = this.#isComplete ? wholeChains() : partsOfChains()
  }

  /** The index that the next entry must have if none may be missing. */
  get next(): number | undefined {
    return this.#tree && this.#last + 1
  }

  /** Checks the next entry and returns its leaf hash in base64. */
  add(entry: BundleEntry | BundleRecord | HiddenEntry): string {
    this.#place(entry.index)
    const hash = this.#addOne(entry)
    this.count += 1
    return hash
  }

  #addOne(entry: BundleEntry | BundleRecord | HiddenEntry): string {
    if ('canonical' in entry) return this.#addClear(entry)
    return 'record' in entry ? this.#addRecord(entry) : this.#addHidden(entry)
  }

  /** How many payloads were erased by an entry that is not in this selection. */
  get unproved(): number {
    return [...this.#awaited.values()].reduce((sum, { count }) => sum + count, 0)
  }

  /** Checks that all entries have come. */
  end(): void {
    if (this.count < this.#header.entries) {
      throw new BundleFault(`the bundle breaks off after ${this.count} of ${this.#header.entries} entries`, this.next)
    }
    this.#tree?.end()
    this.#rules.end()
    const [first] = [...this.#awaited.values()].sort((one, other) => one.index - other.index)
    if (!this.#isComplete || this.hidden > 0) return
    if (first) throw notErased(first.index)
    this.#numbers.end()
  }

  #place(index: number): void {
    const { next } = this
    if (this.count === this.#header.entries) throw new BundleFault('it comes after the last entry promised', index)
    if (index >= this.#newest.size) throw new BundleFault('the newest checkpoint does not reach it', index)
    if (index <= this.#last) throw new BundleFault(`it comes after entry ${this.#last}: the order is wrong`, index)
    if (next !== undefined && index !== next) throw new BundleFault(`it is missing: the next is entry ${index}`, next)
    this.#last = index
  }

  #addClear(entry: BundleEntry): string {
    const { index, canonical, columns } = entry
    const text = this.#requirePlace(entry, canonical)
    const sealed = unseal(canonical, text)
    if (!sealed) throw new BundleFault('its sealed bytes are not those of an entry', index)
    const fault = faultOf(entry, sealed)
    if (fault) throw new BundleFault(fault, index)
    if (!isSelected(sealed.columns, this.#header.selection)) throw new BundleFault('it is not of the selection', index)
    this.#chains.add({ index, leafHash: text, ...sealed.columns })
    this.#followPerson(entry, sealed)
    this.#followRules(index, sealed)
    this.#followErasure(entry, columns)
    return text
  }

  #addRecord({ index, record: canonical, place }: BundleRecord): string {
    if (this.#header.format !== FORMAT) throw new BundleFault('the bundle’s format has no such entries', index)
    const text = this.#requirePlace({ index, place }, canonical)
    const record = unsealRecord(canonical)
    if (!record) throw new BundleFault('its sealed bytes are not those of a record', index)
    this.#rules.addRecord(index, record)
    this.records += 1
    return text
  }

  // What was sealed before there were records does not say by what text of a rule it was judged.
  #followRules(index: number, { columns, ruleHashes, isFirstVersion }: Unsealed): void {
    const { kind, occurredAt, flags, lines } = columns
    if (kind !== 'dispensation' || isFirstVersion) return
    const judged = lines.map(({ ruleId }, nth) => ({ ruleId, ruleHash: ruleHashes[nth] ?? null }))
    this.#rules.addJudged({ index, occurredAt, flags, lines: judged })
  }

  #followPerson(entry: BundleEntry, { columns: { personId, kind }, refersTo, isFirstVersion }: Unsealed): void {
    if (!this.#isComplete) return
    const { index } = entry
    this.#numbers.add({ index, personId, kind, refersTo, isFirstVersion, numbers: numbersIn(entry) })
  }

  /** Checks that bytes are what the log holds in this place, and returns their leaf hash in base64. */
  #requirePlace({ index, place }: Pick<BundleEntry, 'index' | 'place'>, canonical: string): string {
    const hash = leafHash(Buffer.from(canonical))
    const text = hash.toString('base64')
    if ('proof' in place) this.#requireProof(index, hash, place.proof)
    else if (place.leafHash !== text) {
      throw new BundleFault(`its sealed bytes were changed: the log holds another hash (${place.leafHash})`, index)
    }
    if ('leafHash' in place !== (this.#tree !== undefined))
      throw new BundleFault('it is proved in the wrong way', index)
    this.#tree?.add(hash)
    return text
  }

  #addHidden({ index, leafHash, proof }: HiddenEntry): string {
    const { selection } = this.#header
    if (selection?.remit == null || selection.professional === null) {
      throw new BundleFault('only its hash is there', index)
    }
    this.#requireProof(index, Buffer.from(leafHash, 'base64'), proof)
    this.#chains.addHidden(leafHash)
    this.hidden += 1
    return leafHash
  }

  #requireProof(index: number, leaf: Buffer, proof: readonly Buffer[]): void {
    const { size, root } = this.#newest
    if (isIncluded(leaf, { index, size }, proof, root)) return
    throw new BundleFault(
      'its proof does not lead to the checkpoint: the log holds something else in this place',
      index,
    )
  }

  // A payload may be missing only because of an erasure entry in the log, which comes later.
  #followErasure({ index, sealed }: BundleEntry, { personId, seq, kind }: Columns): void {
    const awaited = this.#awaited.get(index)
    if (awaited && (kind !== 'erasure' || personId !== awaited.personId || seq <= awaited.seq)) {
      throw notErased(awaited.index)
    }
    this.#awaited.delete(index)
    if (!('erasedBy' in sealed)) return
    const { erasedBy } = sealed
    if (erasedBy === null || erasedBy <= index || erasedBy >= this.#newest.size) throw notErased(index)
    const before = this.#awaited.get(erasedBy) ?? { index, personId, count: 0 }
    if (before.personId !== personId) throw notErased(index)
    this.#awaited.set(erasedBy, { ...before, seq, count: before.count + 1 })
    this.erased += 1
  }
}

function notErased(index: number): BundleFault {
  return new BundleFault(
    'its payload is gone, and no erasure entry of its person is in the log to say why (one of the last minutes may wait for the next checkpoint: export again)',
    index,
  )
}
