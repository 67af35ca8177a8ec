import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import type { EntitlementFacts } from '../../domain/beneficiary.ts'
import { decideErasure } from '../../domain/erasure.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { Problem, type Refusal } from '../../domain/problems.ts'
import { hold } from '../../domain/shelf.ts'
import { readEntitlementFacts } from '../../store/entitlement-facts.ts'
import { reservationEvent, turningPoints } from '../../store/events.ts'
import { append, type Head, lockHeads, seal } from '../../store/ledger.ts'
import { applyStockEffects, type LockedHold, lockShelves } from '../../store/shelves.ts'
import {
  deletePayloads,
  eraseAnswers,
  eraseRecords,
  findRecords,
  lockHolds,
  type PersonRecord,
} from './erase-queries.ts'
import type { Erasure, ErasureOrder } from './schema.ts'

/**
 * Erases a human being: all the records that were merged, whatever names them, and their live reservations. The chains
 * stay and verify, each ending in an entry that says on whose authority and why. Throws 404 when nobody has this number.
 */
export async function eraseProfessional(
  tx: Transaction,
  identifier: string,
  order: ErasureOrder,
  retentionDays: number,
): Promise<Erasure | Refusal> {
  const { records, heads } = await lockRecords(tx, identifier)
  const standings = await readStandings(tx, identifier, records)
  const at = Math.min(...standings.map((each) => each.at))
  const times = records.flatMap(({ newestEntryAt }) => newestEntryAt ?? [])
  const newestEntryAt = times.length === 0 ? null : Math.max(...times)
  const refusal = decideErasure({ at, newestEntryAt, retentionDays, standings })
  if (refusal) return refusal

  const personIds = records.map(({ personId }) => personId)
  const identifiers = records.flatMap((record) => record.identifiers)
  const holds = await lockHolds(tx, personIds)
  if (holds.length > 0) await cancel(tx, holds, at)
  for (const head of heads.filter(({ seq }) => seq > 0)) appendErasure(tx, head, records, order, at)
  const entries = await deletePayloads(tx, personIds)
  const answers = await eraseAnswers(tx, personIds, identifiers)
  await eraseRecords(tx, personIds)
  return {
    erasedAt: iso(at),
    records: records.length,
    numbers: identifiers.length,
    entries,
    answers,
    reservations: holds.length,
  }
}

/** Locks the chains of all the records of the person, in id order, then reads the records. */
async function lockRecords(tx: Transaction, identifier: string): Promise<{ records: PersonRecord[]; heads: Head[] }> {
  const before = await findRecords(tx, identifier)
  const heads = await lockHeads(
    tx,
    before.map(({ personId }) => personId),
  )
  // Read again: a merge, a hand-over or another erasure that the locks waited for may have come first.
  const records = await findRecords(tx, identifier)
  if (records.length === 0) throw new Problem('not_found', 'The directory does not know this professional.')
  if (records.length !== heads.length || records.some(({ personId }) => !heads.some((h) => h.personId === personId))) {
    throw new StaleRead('persons were merged before the lock')
  }
  return { records, heads }
}

/** What judges hand-overs to the person now. Without a practice that depends on the pharmacy's territory. */
async function readStandings(
  tx: Transaction,
  identifier: string,
  records: readonly PersonRecord[],
): Promise<EntitlementFacts[]> {
  const read = async (pharmacy: string | null) => {
    const facts = await readEntitlementFacts(tx, { identifier, occurredAt: null, pharmacy, near: null })
    if (!facts) throw new StaleRead('a locked person is gone')
    return facts
  }
  const own = await read(null)
  if (own.person.practiceTerritory !== null) return [own]
  const others = new Set(records.flatMap(({ pharmacies }) => pharmacies))
  const standings = [own]
  for (const pharmacy of others) standings.push(await read(pharmacy))
  return standings
}

async function cancel(tx: Transaction, holds: readonly LockedHold[], at: Instant): Promise<void> {
  const before = await lockShelves(tx, holds)
  const after = before.map((shelf) => {
    const freed = holds.filter(({ pharmacy, product }) => pharmacy === shelf.pharmacy && product === shelf.product)
    return hold(shelf, -freed.reduce((sum, { quantity }) => sum + quantity, 0))
  })
  applyStockEffects(tx, {
    at,
    before,
    after,
    movements: [],
    ended: holds.map(({ id }) => ({ id, status: 'cancelled', cancellationReason: 'erased' })),
    events: [
      ...holds.map((ended) => reservationEvent('reservation.cancelled', ended)),
      ...turningPoints(before, after),
    ],
  })
}

function appendErasure(
  tx: Transaction,
  head: Head,
  records: readonly PersonRecord[],
  { authority, reason }: ErasureOrder,
  at: Instant,
): void {
  const record = records.find(({ personId }) => personId === head.personId)
  const entry = seal(
    head,
    {
      id: uuidv7(),
      kind: 'erasure',
      recordedAt: at,
      occurredAt: at,
      pharmacy: null,
      profession: record?.profession ?? null,
      territories: { practice: record?.territory ?? null, pharmacy: null },
      lines: [],
      flags: [],
      refersTo: null,
    },
    { authority, reason },
  )
  append(tx, entry, [], null)
}
