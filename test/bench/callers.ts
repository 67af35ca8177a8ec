import { randomUUID } from 'node:crypto'
import type { Instant } from '../../src/domain/instant.ts'
import { signToken } from '../../src/http/keys.ts'
import { loadSigningKeys } from '../../src/signing-keys.ts'
import { rpps } from '../support/numbers.ts'
import { range } from '../support/tally.ts'
import { entryAbout, entryId, type LedgerPlan, recordedAt } from './set/entries.ts'
import { isStocked, personId } from './set/fill-places.ts'
import { type Places, placesOf } from './set/places.ts'
import { share } from './set/random.ts'
import type { SetSize } from './set/sizes.ts'

/** A professional of the set who calls. */
export interface Professional {
  nth: number
  id: string
  rpps: string
  latitude: number
  longitude: number
  token: string
}

/** A counter of the set that calls: it has `surgical` on its shelf. */
export interface Counter {
  nth: number
  finess: string
  token: string
}

/** Who calls, spread over the set. */
export interface Callers {
  professionals: Professional[]
  counters: Counter[]
  /** Hand-overs of the set at these counters, of `surgical`. */
  entries: OldEntry[]
  regulator: string
  places: Places
}

/** An entry of the set, to be taken back. */
interface OldEntry {
  nth: number
  id: string
  at: Instant
  person: Pick<Professional, 'nth' | 'id' | 'rpps'>
  /** Its place among the counters. */
  counter: number
}

const PROFESSIONALS = 5_000
const COUNTERS = 200
const ENTRIES = 5_000
const LEAST_MASKS = 10
const NEIGHBOURS = 20
const IN_REACH_DEGREES = 0.4 // In France at most 45 km.

/** Signs a token for each caller with the server's own key. */
export async function makeCallers(size: SetSize, start: Instant, dataDir: string): Promise<Callers> {
  const [key] = await loadSigningKeys({ DATA_DIR: dataDir })
  const places = placesOf(size)
  const ttlSeconds = 86_400
  const professionals = professionalsOf(size, places).map(async (nth) => {
    const { latitude, longitude } = places.practice(nth)
    const token = await signToken(key, { role: 'professional', subject: rpps(nth), ttlSeconds })
    return { nth, id: personId(nth), rpps: rpps(nth), latitude, longitude, token }
  })
  const counters = countersOf(places)
  const signed = counters.map(async ({ nth, finess }) => {
    const token = await signToken(key, { role: 'pharmacy', subject: finess, finess: [finess], ttlSeconds })
    return { nth, finess, token }
  })
  return {
    professionals: await Promise.all(professionals),
    counters: await Promise.all(signed),
    entries: entriesAt(
      counters.map(({ nth }) => nth),
      { ...size, places, start },
    ),
    regulator: await signToken(key, { role: 'regulator', subject: 'bench', territories: ['FR'], ttlSeconds }),
    places,
  }
}

// Spread over the set, of those who have stock in reach: elsewhere a reservation is refused.
function professionalsOf({ persons }: SetSize, places: Places): number[] {
  const fit = range(PROFESSIONALS * 2)
    .map((i) => Math.floor((i * persons) / (PROFESSIONALS * 2)))
    .filter((nth) => {
      const { latitude, longitude, nearPharmacy } = places.practice(nth)
      return range(NEIGHBOURS * 2).some((step) => {
        const other = nearPharmacy + step - NEIGHBOURS
        const place = places.pharmacies[other]
        if (!place || !isStocked(other, 'surgical')) return false
        return Math.hypot(place.latitude - latitude, place.longitude - longitude) < IN_REACH_DEGREES
      })
    })
  return fit.slice(0, PROFESSIONALS)
}

// Numbers alone, without a zero in front: pgbench draws them as numbers.
function countersOf({ pharmacies }: Places): { nth: number; finess: string }[] {
  const fit = pharmacies
    .map(({ finess }, nth) => ({ nth, finess }))
    .filter(({ nth, finess }) => isStocked(nth, 'surgical') && /^[1-9]\d+$/.test(finess))
  return range(COUNTERS).map((i) => fit[Math.floor((i * fit.length) / COUNTERS)] as { nth: number; finess: string })
}

// The newest, from the last on, of so many masks that none is used up when they are taken back one by one.
function entriesAt(counters: number[], plan: Omit<LedgerPlan, 'rule'> & { places: Places }): OldEntry[] {
  const byPharmacy = new Map(counters.map((nth, counter) => [plan.places.pharmacies[nth], counter]))
  const found: OldEntry[] = []
  for (let nth = plan.entries - 1; nth >= 0 && found.length < ENTRIES; nth--) {
    const { person, pharmacy, product, quantity } = entryAbout(nth, plan)
    const counter = byPharmacy.get(pharmacy)
    if (counter === undefined || product !== 'surgical' || quantity < LEAST_MASKS) continue
    const about = { nth: person, id: personId(person), rpps: rpps(person) }
    found.push({ nth, id: entryId(nth, plan), at: recordedAt(nth, plan), person: about, counter })
  }
  return found
}

let drawn = 0

/** One of some callers, as chance has it. */
export function anyOf<T>(callers: readonly T[]): T {
  return callers[Math.floor(share('callers', drawn++) * callers.length)] as T
}

/** An Idempotency-Key of the kind that clients send. */
export function newKey(): string {
  return randomUUID()
}
