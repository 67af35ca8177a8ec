import { hashOf } from '../base64.ts'
import {
  type BundleEntry,
  type BundleHeader,
  type BundleRecord,
  type BundleSelection,
  type Columns,
  FORMATS,
  type HiddenEntry,
} from './format.ts'

/** A line that does not belong in a bundle; the message says why. */
export class Malformed extends Error {}

const HEADER = 'format origin exportedAt keys selection entries'
const SELECTION = 'from to pharmacy professional remit'
const PAYLOAD = 'index canonical columns payload salt professional'
const ERASED = 'index canonical columns erasedBy'
const RECORD = 'index canonical'

/** Reads the first line. */
export function readHeader(line: unknown): BundleHeader {
  if (membersOf(line) !== HEADER) throw new Malformed('the first line is not the header of a bundle')
  const header = line as BundleHeader
  const { format, origin, exportedAt, keys, selection, entries } = header
  if (!FORMATS.includes(format)) throw new Malformed(`the header says another format than ${FORMATS.join(' or ')}`)
  if (typeof origin !== 'string' || typeof exportedAt !== 'string' || !isTime(exportedAt) || !isCount(entries)) {
    throw new Malformed('the header’s origin, exportedAt or entries is wrong')
  }
  if (!isTexts(keys)) throw new Malformed('the header’s keys are wrong')
  if (selection !== null && !isSelection(selection)) throw new Malformed('the header’s selection is wrong')
  return header
}

/** Reads a checkpoint's line; undefined when the line is an entry's. */
export function readCheckpointLine(line: unknown): { note: string; consistency: Buffer[] | undefined } | undefined {
  const members = membersOf(line)
  if (members !== 'checkpoint' && members !== 'checkpoint consistency') return undefined
  const { checkpoint, consistency } = line as Record<string, unknown>
  if (typeof checkpoint !== 'string') throw new Malformed('a checkpoint is no text')
  return { note: checkpoint, consistency: consistency === undefined ? undefined : hashes(consistency) }
}

/** Reads an entry's line. */
export function readEntryLine(line: unknown): BundleEntry | BundleRecord | HiddenEntry {
  const members = membersOf(line)
  const { index, canonical, columns, leafHash, proof, ...rest } = (line ?? {}) as Record<string, unknown>
  if (!isCount(index)) throw new Malformed('it has no index')
  if (members === 'index leafHash proof') return { index, leafHash: textHash(leafHash), proof: hashes(proof) }
  const named = members.replace(/ (leafHash|proof)$/, '')
  if (named === members || ![PAYLOAD, ERASED, RECORD].includes(named)) {
    throw new Malformed('its members are not an entry’s')
  }
  if (typeof canonical !== 'string') throw new Malformed('its canonical is wrong')
  const place = proof === undefined ? { leafHash: textHash(leafHash) } : { proof: hashes(proof) }
  if (named === RECORD) return { index, record: canonical, place }
  if (typeof columns !== 'object' || columns === null) throw new Malformed('its columns are wrong')
  return { index, canonical, columns: columns as Columns, sealed: sealedOf(rest), place }
}

function sealedOf({ payload, salt, professional, erasedBy }: Record<string, unknown>): BundleEntry['sealed'] {
  if (erasedBy === null || isCount(erasedBy)) return { erasedBy }
  if (typeof payload !== 'string' || (professional !== null && typeof professional !== 'string')) {
    throw new Malformed('its payload is wrong')
  }
  return { payload, salt: textHash(salt), professional }
}

function membersOf(line: unknown): string {
  return typeof line === 'object' && line !== null ? Object.keys(line).join(' ') : ''
}

function isSelection(selection: BundleSelection): boolean {
  const { from, to, pharmacy, professional, remit } = selection
  return (
    membersOf(selection) === SELECTION &&
    [from, to].every((time) => time === null || isTime(time)) &&
    [pharmacy, professional].every((text) => text === null || typeof text === 'string') &&
    (remit === null ||
      (membersOf(remit) === 'territories professions' && isTexts(remit.territories) && isTexts(remit.professions)))
  )
}

function hashes(list: unknown): Buffer[] {
  if (!Array.isArray(list)) throw new Malformed('a proof is no list')
  return list.map((text) => hashOf(text) ?? wrongHash())
}

function textHash(text: unknown): string {
  return hashOf(text) ? (text as string) : wrongHash()
}

function wrongHash(): never {
  throw new Malformed('a hash or salt is not 32 bytes in base64')
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isTime(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  )
}
