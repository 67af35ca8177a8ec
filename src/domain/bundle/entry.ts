import { commitmentTo } from '../commitment.ts'
import { FIRST_VERSION, VERSION } from '../ledger-entry.ts'
import type { BundleEntry, Columns, ColumnsOfLine } from './format.ts'

/** What the sealed bytes of an entry say, and the database's columns must repeat. */
export interface Unsealed {
  columns: Columns
  commitment: string
  refersTo: string | null
  isFirstVersion: boolean
  /** Of each line. The first version has none, and neither has a reversal. */
  ruleHashes: (string | null)[]
}

/** Reads a sealed entry back from its bytes; undefined if sealing could not have made them. */
export function unseal(canonical: string, entryHash: string): Unsealed | undefined {
  const fields = parsed(canonical)
  if (!Array.isArray(fields) || fields.length !== 15 || ![FIRST_VERSION, VERSION].includes(fields[0])) return undefined
  if (JSON.stringify(fields) !== canonical) return undefined
  const [version, id, personId, seq, previousHash, kind, recordedAt, occurredAt, pharmacy, profession, territories] =
    fields
  const [lines, flags, refersTo, commitment] = fields.slice(11)
  const isFirstVersion = version === FIRST_VERSION
  const isLine = isFirstVersion ? isFirstLine : isJudgedLine
  if (!isTuple(territories, 2) || !Array.isArray(lines) || !lines.every(isLine)) return undefined
  const [practiceTerritory, pharmacyTerritory] = territories as [string | null, string | null]
  const columns = {
    id,
    personId,
    seq,
    previousHash,
    kind,
    recordedAt,
    occurredAt,
    pharmacy,
    profession,
    practiceTerritory,
    pharmacyTerritory,
    lines: lines.map((line, position) => lineOf(line, { position, personId, kind, countedAt: occurredAt })),
    flags,
    reverses: kind === 'reversal' ? refersTo : null,
    entryHash,
  }
  const ruleHashes = lines.map((line) => line[5] ?? null)
  return { columns, commitment, refersTo, isFirstVersion, ruleHashes }
}

/**
 * Says in a sentence what is wrong with an entry on its own; undefined when the columns repeat the sealed bytes and the
 * payload, if there is one, is what the entry commits to. Whether the bytes are in the log is checked elsewhere.
 */
export function faultOf({ columns: stored, sealed: payload }: BundleEntry, sealed: Unsealed): string | undefined {
  const open = { ...sealed.columns, lines: judgedBy(sealed.columns.lines, stored.lines) }
  const found = JSON.stringify(stored) === JSON.stringify(open) ? undefined : difference(stored, open)
  if (found) return `the stored columns differ from the sealed bytes (${found})`
  if ('erasedBy' in payload) return undefined
  const { salt, professional } = payload
  const commitment = commitmentTo(Buffer.from(payload.payload), Buffer.from(salt, 'base64')).toString('base64')
  if (commitment !== sealed.commitment) return 'the payload or its salt is not what the sealed bytes commit to'
  const committed = parsed(payload.payload) as { professional?: unknown; judged?: Judged[] } | undefined
  if ((committed?.professional ?? null) !== professional) {
    return 'the stored columns differ from the payload (professional: another number is stored than the payload has)'
  }
  const facts = committed?.judged && difference(stored, { ...open, lines: judgedBy(open.lines, committed.judged) })
  return facts && `the stored columns differ from the payload (${facts})`
}

/** The numbers that a payload names; undefined once it is erased. It must be what the entry commits to. */
export function numbersIn({ sealed }: Pick<BundleEntry, 'sealed'>): string[] | undefined {
  if ('erasedBy' in sealed) return undefined
  const { professional, numbers } = (parsed(sealed.payload) ?? {}) as { professional?: string; numbers?: string[] }
  return [...new Set([...(professional === undefined ? [] : [professional]), ...(numbers ?? [])])]
}

type Judged = Pick<ColumnsOfLine, 'cap' | 'received' | 'held'>

// What a line was judged by is in the payload, not in the sealed bytes; until that is opened, the columns are trusted.
function judgedBy(lines: readonly ColumnsOfLine[], facts: unknown): ColumnsOfLine[] {
  return lines.map((line, nth) => {
    const { cap, received, held } = ((Array.isArray(facts) && facts[nth]) || line) as Judged
    return { ...line, cap, received, held }
  })
}

function lineOf(
  [product, quantity, lot, ruleId, [windowStart, windowEnd, timeZone]]: SealedLine,
  { position, personId, kind, countedAt }: { position: number; personId: string; kind: string; countedAt: string },
): ColumnsOfLine {
  // A reversal gives back in the window in which the original was counted.
  const effect = kind === 'reversal' ? -quantity : quantity
  const facts = { cap: 0, received: 0, held: 0 } // Not in the sealed bytes.
  return {
    position,
    personId,
    product,
    quantity,
    effect,
    countedAt,
    lot,
    ruleId,
    windowStart,
    windowEnd,
    timeZone,
    ...facts,
  }
}

type SealedLine = [
  string,
  number,
  string | null,
  string | null,
  [string | null, string | null, string],
  (string | null)?,
]

function isFirstLine(line: unknown): line is SealedLine {
  return isTuple(line, 5) && isTuple(line[4], 3)
}

function isJudgedLine(line: unknown): line is SealedLine {
  return isTuple(line, 6) && isTuple(line[4], 3) && (line[5] === null || typeof line[5] === 'string')
}

function isTuple(value: unknown, length: number): value is unknown[] {
  return Array.isArray(value) && value.length === length
}

/** The first place where two values differ: `lines[0].quantity: 90 stored, 18 sealed`. */
function difference(stored: unknown, sealed: unknown, path = ''): string | undefined {
  if (stored === sealed) return undefined
  if (!isObject(stored) || !isObject(sealed) || Array.isArray(stored) !== Array.isArray(sealed)) {
    return `${path}: ${shown(stored)} stored, ${shown(sealed)} sealed`
  }
  const names = new Set([...Object.keys(sealed), ...Object.keys(stored)])
  for (const name of names) {
    const place = Array.isArray(sealed) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`
    const found = difference(stored[name], sealed[name], place)
    if (found) return found
  }
  return undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
