import { type Checkpoint, openCheckpoint } from '../checkpoint.ts'
import { isConsistent } from '../merkle-proofs.ts'
import { type Verifier, verifierOf } from '../signed-note.ts'
import { BundleEntries } from './entries.ts'
import { BundleFault, Damaged, NoBundle, Unanswerable } from './fault.ts'
import type { BundleHeader } from './format.ts'
import { Malformed, readCheckpointLine, readEntryLine, readHeader } from './lines.ts'
import { type KeptCheckpoint, type KeptNote, openKept, type Promised, receiptsIn } from './promises.ts'
import { type Stated, statementsIn } from './statements.ts'
import type { ExpectedRoot } from './tree.ts'

/** What the reader brings: trusted keys (if none, the bundle's own are used), and the notes that were kept. */
export interface Brought {
  keys: readonly Verifier[]
  checkpoints: readonly KeptNote[]
  receipts: readonly KeptNote[]
  statements: readonly KeptNote[]
}

/** What was found in a bundle that verifies. */
export interface Verdict {
  header: BundleHeader
  newest: Checkpoint
  earlier: number
  records: number
  erased: number
  unproved: number
  hidden: number
  promised: Promised[]
  stated: Stated[]
}

/** Verifies a bundle line by line. Throws a BundleFault at the first fault, and keeps little of what has passed. */
export class BundleVerifier {
  readonly #brought: Brought
  #lines = 0
  #header: BundleHeader | undefined
  #known: Verifier[] = []
  #kept: KeptCheckpoint[] = []
  #receipts: ReturnType<typeof receiptsIn> | undefined
  #statements: ReturnType<typeof statementsIn> | undefined
  #checkpoints: (Checkpoint & ExpectedRoot)[] = []
  #entries: BundleEntries | undefined

  constructor(brought: Brought) {
    this.#brought = brought
  }

  /** How many entries have passed, and how many the header announced. */
  get progress(): { done: number; of: number } {
    return { done: this.#entries?.count ?? 0, of: this.#header?.entries ?? 0 }
  }

  /** Takes the next line, without its newline; `isEnded` says that it had one. */
  line(text: string, isEnded = true): void {
    this.#lines += 1
    if (text.trim() === '') return // Editors add such lines at the end; no entry can hide in one.
    const line = parsed(text)
    if (line === undefined) throw this.#damaged(isEnded ? 'it is not JSON' : 'it breaks off in the middle')
    try {
      if (this.#header === undefined) this.#open(readHeader(line))
      else {
        const checkpoint = this.#entries ? undefined : readCheckpointLine(line)
        if (checkpoint) this.#addCheckpoint(checkpoint)
        else this.#addEntry(readEntryLine(line))
      }
    } catch (error) {
      throw error instanceof Malformed ? this.#malformed(error.message) : error
    }
  }

  /** Ends the bundle after its last line, and says what was found. */
  end(): Verdict {
    const header = this.#header
    if (!header) throw new NoBundle('the file is empty')
    const entries = this.#entries ?? this.#startEntries()
    entries.end()
    return {
      header,
      newest: this.#checkpoints[0] as Checkpoint,
      earlier: this.#checkpoints.length - 1,
      records: entries.records,
      erased: entries.erased,
      unproved: entries.unproved,
      hidden: entries.hidden,
      promised: this.#receipts?.outcomes() ?? [],
      stated: this.#statements?.outcomes() ?? [],
    }
  }

  /** The fault of a line that cannot be read: cut off, or garbage. */
  unreadable(reason: string): BundleFault {
    this.#lines += 1
    return this.#damaged(reason)
  }

  #damaged(reason: string): BundleFault {
    return this.#malformed(reason, Damaged)
  }

  #malformed(reason: string, Fault = BundleFault): BundleFault {
    if (!this.#header) return new NoBundle(reason)
    const next = this.#entries?.next
    return next === undefined ? new Fault(`line ${this.#lines}: ${reason}`) : new Fault(reason, next)
  }

  #open(header: BundleHeader): void {
    const own = header.keys.map((line) => verifierOf(line) ?? fail(`the bundle’s key «${line}» is not a verifier key`))
    this.#header = header
    this.#known = [...this.#brought.keys, ...own]
    this.#kept = openKept(this.#brought.checkpoints, this.#known, header.origin)
    this.#receipts = receiptsIn(this.#brought.receipts, this.#known, header)
    this.#statements = statementsIn(this.#brought.statements, this.#known, header)
  }

  #addCheckpoint({ note, consistency }: { note: string; consistency: Buffer[] | undefined }): void {
    const header = this.#header as BundleHeader
    const [newest] = this.#checkpoints
    const last = this.#checkpoints.at(-1)
    // The earlier ones are proved by the newest: an old key of the bundle's own may have signed them.
    const trusted = newest || this.#brought.keys.length === 0 ? this.#known : this.#brought.keys
    const checkpoint = openCheckpoint(note, trusted)
    if (!checkpoint || checkpoint.origin !== header.origin) {
      fail(
        `the ${newest ? `checkpoint on line ${this.#lines}` : 'newest checkpoint'} is not signed by ${
          trusted === this.#known ? 'a key of the bundle' : 'the key that was given'
        }`,
      )
    }
    if (!newest) this.#requireReach(checkpoint)
    else if (checkpoint.size >= (last as Checkpoint).size || !isConsistent(checkpoint, newest, consistency ?? [])) {
      fail(
        `the newest checkpoint does not continue the log of the one on line ${this.#lines}, of ${checkpoint.size} entries`,
      )
    }
    this.#checkpoints.push({ ...checkpoint, by: `the checkpoint of ${checkpoint.size} entries`, isKept: false })
  }

  #requireReach(newest: Checkpoint): void {
    const { entries, selection } = this.#header as BundleHeader
    for (const { by, size } of this.#kept) {
      if (size > newest.size)
        fail(`the log was cut: ${by} counts ${size} entries, the newest of the bundle ${newest.size}`)
    }
    if (selection === null && entries !== newest.size) {
      fail(`the header promises ${entries} entries of the whole log, but its newest checkpoint counts ${newest.size}`)
    }
  }

  #addEntry(entry: ReturnType<typeof readEntryLine>): void {
    this.#entries ??= this.#startEntries()
    this.#receipts?.see(this.#entries.add(entry), entry.index)
    if ('canonical' in entry) this.#statements?.see(entry)
  }

  #startEntries(): BundleEntries {
    const header = this.#header as BundleHeader
    const [newest] = this.#checkpoints
    if (!newest) fail('it holds no checkpoint')
    if (header.selection !== null) for (const kept of this.#kept) this.#compare(kept)
    const stated = this.#statements?.roots(newest.size) ?? []
    return new BundleEntries(header, newest, [...this.#checkpoints, ...this.#kept, ...stated])
  }

  // Unless all entries are here, only a checkpoint of the same size tells what the root was then.
  #compare({ by, size, root }: KeptCheckpoint): void {
    const same = this.#checkpoints.find((each) => each.size === size)
    if (!same) {
      const { size: to } = this.#checkpoints[0] as Checkpoint
      throw new Unanswerable(
        `${by} counts ${size} entries, and no checkpoint in this selection does: ask for the whole log, or for GET /v1/ledger/consistency-proof?from=${size}&to=${to}`,
      )
    }
    if (!same.root.equals(root))
      fail(`the history was rewritten: ${by} has another root than the bundle’s of ${size} entries`)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fail(message: string): never {
  throw new BundleFault(message)
}
