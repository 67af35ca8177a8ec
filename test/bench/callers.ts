import { randomUUID } from 'node:crypto'
import { signToken } from '../../src/http/tokens.ts'
import { loadSigningKeys } from '../../src/keys/signing-keys.ts'
import { rpps } from '../support/numbers.ts'
import { range } from '../support/tally.ts'
import { type OldEntries, oldEntries } from './old-entries.ts'
import { isStocked, personId } from './set/fill-places.ts'
import { startOf } from './set/load.ts'
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
  entries: OldEntries
  regulators: string[]
  places: Places
}

const PROFESSIONALS = 5_000
const COUNTERS = 200
const REGULATORS = 50
const NEIGHBOURS = 20
const IN_REACH_DEGREES = 0.4 // In France at most 45 km.

/** Signs a token for each caller of a loaded set with the server's own key. */
export async function makeCallers(size: SetSize, url: string, dataDir: string): Promise<Callers> {
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
    entries: await oldEntries(
      url,
      counters.map(({ nth }) => nth),
      { ...size, places, start: await startOf(url) },
    ),
    regulators: await Promise.all(
      range(REGULATORS).map((n) =>
        signToken(key, { role: 'regulator', subject: `bench-${n}`, territories: ['FR'], ttlSeconds }),
      ),
    ),
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

let drawn = 0

/** One of some callers, as chance has it. */
export function anyOf<T>(callers: readonly T[]): T {
  return callers[Math.floor(share('callers', drawn++) * callers.length)] as T
}

/** An Idempotency-Key of the kind that clients send. */
export function newKey(): string {
  return randomUUID()
}
