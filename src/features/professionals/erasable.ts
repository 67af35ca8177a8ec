import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import type { EntitlementFacts } from '../../domain/beneficiary.ts'
import type { Head } from '../../domain/chain.ts'
import { decideErasure } from '../../domain/erasure.ts'
import type { Instant } from '../../domain/instant.ts'
import { noSuch } from '../../domain/named.ts'
import { type Refusal, refused } from '../../domain/refusals.ts'
import { readEntitlementFacts } from '../../store/entitlement-facts.ts'
import { lockHeads } from '../../store/ledger.ts'
import { findRecords, type PersonRecord } from './erase-queries.ts'

/** A human being whose history may be erased: none of it must be kept or counts in a window. All chains are locked. */
export interface Erasable {
  at: Instant
  records: PersonRecord[]
  heads: Head[]
}

/**
 * Locks all records of the person known by an identifier, and refuses while an entry must be kept, or while it is in
 * doubt whether somebody else is the same person: the numbers and names that go are what decides it. Throws `not_found`
 * if nobody has this number.
 */
export async function lockErasable(
  tx: Transaction,
  identifier: string,
  retentionDays: number,
): Promise<Erasable | Refusal> {
  const { records, heads } = await lockRecords(tx, identifier)
  const standings = await readStandings(tx, identifier, records)
  if (standings.some(({ countedWith }) => countedWith.length > 0)) return inDoubt()
  const at = Math.min(...standings.map((each) => each.at))
  const times = records.flatMap(({ newestEntryAt }) => newestEntryAt ?? [])
  const newestEntryAt = times.length === 0 ? null : Math.max(...times)
  return decideErasure({ at, newestEntryAt, retentionDays, standings }) ?? { at, records, heads }
}

function inDoubt(): Refusal {
  return refused('identity_in_doubt', {
    en: 'Somebody must first decide whether another record is the same person’s: see GET /v1/identity-doubts.',
    fr: 'Il faut d’abord décider si un autre dossier est celui de la même personne : voir GET /v1/identity-doubts.',
  })
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
  if (records.length === 0) throw noSuch('professional')
  if (records.length !== heads.length || records.some(({ personId }) => !heads.some((h) => h.personId === personId))) {
    throw new StaleRead('persons were merged before the lock')
  }
  return { records, heads }
}

/** What judges hand-overs to the person now, which without a practice depends on the pharmacy's territory. */
async function readStandings(
  tx: Transaction,
  identifier: string,
  records: readonly PersonRecord[],
): Promise<EntitlementFacts[]> {
  const read = async (pharmacy: string | null) => {
    const facts = await readEntitlementFacts(tx, { identifier, occurredAt: null, pharmacy })
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
