import { hash } from 'node:crypto'
import type { Instant } from '../../../src/domain/instant.ts'
import { type LedgerEntry, type SealedEntry, sealEntry } from '../../../src/domain/ledger-entry.ts'
import { type Period, periodAt } from '../../../src/domain/periods.ts'
import { rpps } from '../../support/numbers.ts'
import { JUDGED_BY, personId, profession } from './fill-places.ts'
import type { Places } from './places.ts'
import type { SetSize } from './sizes.ts'

const WEEKS = 10
const WEEK_MS = 7 * 86_400_000
const MONDAY = Date.parse('2026-01-05T00:00:00Z')
const HOUR_MS = 3_600_000
const HASH_BYTES = 32
const TIME_ZONE = 'Europe/Paris'

/** What the entries of a set are made from. */
export interface LedgerPlan extends Omit<SetSize, 'diskGigabytes'> {
  /** When the first was recorded: ten weeks before the present one. */
  start: Instant
}

/** The ledger of a set ends with the last week, so that the present windows begin with what a week's traffic leaves. */
export function ledgerStart(now: Instant): Instant {
  return MONDAY + (Math.floor((now - MONDAY) / WEEK_MS) - WEEKS) * WEEK_MS
}

/** The id of the nth entry, in the order of time as UUIDv7 are. */
export function entryId(nth: number, { entries, start }: Pick<LedgerPlan, 'entries' | 'start'>): string {
  const ms = recordedAt(nth, { entries, start }).toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-${nth.toString(16).padStart(12, '0')}`
}

/** When the nth entry was recorded. */
export function recordedAt(nth: number, { entries, start }: Pick<LedgerPlan, 'entries' | 'start'>): Instant {
  return start + Math.floor((nth / entries) * WEEKS * WEEK_MS)
}

/** Whom and where the nth entry is about. */
export function entryAbout(nth: number, { persons, places }: Pick<LedgerPlan, 'persons'> & { places: Places }) {
  const person = nth % persons
  const { nearPharmacy, territory } = places.practice(person)
  // Everybody goes to the pharmacies around the practice in turn, and one time in ten to one farther away.
  const steps = nth % 10 === 0 ? 50 : Math.floor(nth / persons) % 5
  const pharmacy = places.pharmacies[(nearPharmacy + steps) % places.pharmacies.length]
  if (!pharmacy) throw new Error('a set has pharmacies')
  const product = nth % 3 === 0 ? 'ffp2' : 'surgical'
  return { person, pharmacy, practiceTerritory: territory, product, quantity: 1 + (nth % 18) }
}

/** The ends of all persons' chains, by the person's number: `seq` 0 and no hash before the first entry. */
export interface Heads {
  at(person: number): { seq: number; entryHash: Buffer | null }
}

/** Seals the entries of a plan, which must be asked for in their order, as each holds the hash of its person's last. */
export function entrySealer(plan: LedgerPlan, places: Places): { seal(nth: number): SealedEntry; heads: Heads } {
  const hashes = Buffer.alloc(plan.persons * HASH_BYTES)
  const seqs = new Int32Array(plan.persons)
  const heads: Heads = {
    at(person) {
      const seq = seqs[person] ?? 0
      const start = person * HASH_BYTES
      // A copy, as the next entry of the person writes over it.
      return { seq, entryHash: seq === 0 ? null : Buffer.from(hashes.subarray(start, start + HASH_BYTES)) }
    },
  }
  return {
    heads,
    seal(nth) {
      const about = entryAbout(nth, { ...plan, places })
      const professional = rpps(about.person)
      const payload = { professional, numbers: [professional], identityCheck: { method: 'cps_card' }, reservations: [] }
      const salt = hash('sha256', `salt ${nth}`, 'buffer')
      const entry = unsealed(nth, plan, about, heads.at(about.person))
      const sealed = sealEntry(entry, Buffer.from(JSON.stringify(payload)), salt)
      sealed.entryHash.copy(hashes, about.person * HASH_BYTES)
      seqs[about.person] = entry.seq
      return sealed
    },
  }
}

function unsealed(
  nth: number,
  plan: LedgerPlan,
  about: ReturnType<typeof entryAbout>,
  head: ReturnType<Heads['at']>,
): LedgerEntry {
  const { person, pharmacy, practiceTerritory, product, quantity } = about
  const at = recordedAt(nth, plan)
  return {
    id: entryId(nth, plan),
    personId: personId(person),
    seq: head.seq + 1,
    previousHash: head.entryHash,
    kind: 'dispensation',
    recordedAt: at,
    occurredAt: at,
    pharmacy: pharmacy.finess,
    profession: profession(person),
    territories: { practice: practiceTerritory, pharmacy: pharmacy.territory },
    lines: [
      {
        product,
        quantity,
        lot: nth % 5 === 0 ? `L${nth % 1000}` : null,
        ...JUDGED_BY,
        window: weekOf(at),
        timeZone: TIME_ZONE,
      },
    ],
    flags: [],
    refersTo: null,
  }
}

const weeks = new Map<number, Period>()

// No window begins within an hour: thousands of entries share what the calendar is asked once.
function weekOf(at: Instant): Period {
  const hour = Math.floor(at / HOUR_MS)
  const known = weeks.get(hour)
  if (known) return known
  const rule = { validFrom: MONDAY, validTo: null, timeZone: TIME_ZONE }
  const week = periodAt({ kind: 'calendar_weeks', count: 1 }, rule, hour * HOUR_MS)
  weeks.set(hour, week)
  return week
}
