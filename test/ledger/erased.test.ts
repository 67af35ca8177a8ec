import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { unseal } from '../../src/domain/bundle/entry.ts'
import { signCheckpoint } from '../../src/domain/checkpoint.ts'
import { type LedgerEntry, type SealedEntry, sealEntry } from '../../src/domain/ledger-entry.ts'
import { grow, rootOfEdge } from '../../src/domain/merkle.ts'
import { signerOf } from '../../src/domain/signed-note.ts'
import { verify } from '../support/bundle.ts'
import { seededUuid } from '../support/seed.ts'

const signer = signerOf('gomask.test', generateKeyPairSync('ed25519').privateKey)
const [martin, bernard] = [seededUuid(), seededUuid()]
const numbers = new Map([
  [martin, '99700000013'],
  [bernard, '99700000021'],
])

/** A log of these kinds of entries, in their order. */
function logOf(...entries: [person: string, kind: 'dispensation' | 'erasure'][]): SealedEntry[] {
  const ends = new Map<string, SealedEntry>()
  return entries.map(([personId, kind], nth) => {
    const before = ends.get(personId)
    const at = Date.UTC(2026, 10, 20) + nth
    const chain = { personId, seq: (before?.seq ?? 0) + 1, previousHash: before?.entryHash ?? null }
    const territories = { practice: 'FR-31', pharmacy: null }
    const facts = {
      recordedAt: at,
      occurredAt: at,
      pharmacy: null,
      profession: '60',
      territories,
      lines: [],
      flags: [],
    }
    const entry = { id: seededUuid(), ...chain, kind, ...facts, refersTo: null } as unknown as LedgerEntry
    const payload =
      kind === 'erasure'
        ? { authority: 'CNIL' }
        : { professional: numbers.get(personId), numbers: [numbers.get(personId)] }
    const sealed = sealEntry(entry, Buffer.from(JSON.stringify(payload)), Buffer.alloc(32, nth))
    ends.set(personId, sealed)
    return sealed
  })
}

/** The bundle of a log, in which these entries have lost their payloads to the entries named. */
function bundleOf(log: SealedEntry[], erased: Record<number, number | null>): string {
  const { edge } = grow(
    { size: 0, levels: [] },
    log.map(({ entryHash }) => entryHash),
  )
  const note = signCheckpoint({ origin: signer.name, size: log.length, root: rootOfEdge(edge) }, [signer])
  const exportedAt = '2026-11-21T00:00:00.000Z'
  const header = { format: 'gomask-bundle-v2', origin: signer.name, exportedAt, keys: [signer.line], selection: null }
  const entries = log.map(({ canonical, entryHash, payload, salt }, index) => {
    const [text, leafHash] = [canonical.toString(), entryHash.toString('base64')]
    const { professional = null } = JSON.parse(payload.toString())
    const open = { payload: payload.toString(), salt: salt.toString('base64'), professional }
    const sealed = index in erased ? { erasedBy: erased[index] } : open
    return { index, canonical: text, columns: unseal(text, leafHash)?.columns, ...sealed, leafHash }
  })
  const lines = [{ ...header, entries: log.length }, { checkpoint: note }, ...entries]
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

const log = logOf(
  [martin, 'dispensation'],
  [bernard, 'dispensation'],
  [martin, 'dispensation'],
  [martin, 'erasure'],
  [bernard, 'dispensation'],
  [bernard, 'erasure'],
)
const gone = (index: number) => new RegExp(`^entry ${index}: its payload is gone, and no erasure entry of its person`)

t.test('a log verifies after an erasure: erased, commitment intact', async (t) => {
  t.match(verify(bundleOf(log, {})), { erased: 0 })
  t.match(verify(bundleOf(log, { 0: 3, 2: 3 })), { erased: 2, unproved: 0 })
  t.match(verify(bundleOf(log, { 0: 3, 1: 5, 2: 3, 4: 5 })), { erased: 4 })
})

t.test('a payload that is gone for no erasure of its person is found, at the first such entry', async (t) => {
  t.match(verify(bundleOf(log, { 1: null })), gone(1), 'for none')
  t.match(verify(bundleOf(log, { 0: 3, 1: 3 })), gone(1), 'for another person’s')
  t.match(verify(bundleOf(log, { 1: 3 })), gone(1), 'for another person’s alone')
  t.match(verify(bundleOf(log, { 1: 4 })), gone(1), 'for an entry that erases nothing')
  t.match(verify(bundleOf(log, { 4: 3 })), gone(4), 'for an earlier one')
  t.match(verify(bundleOf(log, { 4: 6 })), gone(4), 'for one that is not in the log')
})

t.test('the entry itself is checked all the same', async (t) => {
  const edited = bundleOf(log, { 0: 3, 2: 3 }).replace('"seq":3,', '"seq":4,')
  t.match(verify(edited), /^entry 3: the stored columns differ from the sealed bytes \(seq: 4 stored, 3 sealed\)/)
})
