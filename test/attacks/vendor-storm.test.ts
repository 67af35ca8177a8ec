import t from 'tap'
import { attacking } from '../support/attack.ts'
import { clientToken, insertClient } from '../support/client-rows.ts'
import { stopClock } from '../support/monotonic.ts'
import { finess } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { range, tally } from '../support/tally.ts'
import { minutesAgo } from '../support/times.ts'
import { makeWorld } from '../support/world.ts'

const PHARMACIES = attacking(100) // ATTACKS=20 for the 2,000 of a large vendor.
const CALLERS = 16
const COUNTS = 12
const LIMIT = 60
const BEYOND = 30

t.test(`${PHARMACIES} pharmacies of one client count in a storm, and a loop in one is held back alone`, async (t) => {
  stopClock(t)
  const service = await startService(t, { RATE_LIMIT: LIMIT })
  const pharmacies = range(PHARMACIES).map((n) => finess(n))
  await service.db.foreign(
    `insert into pharmacies (finess, name, address, location, territory, status)
     select finess, 'P', 'A', ST_MakePoint(1.4, 43.6)::geography, 'FR-31', 'active' from unnest($1::text[]) as made (finess)`,
    [pharmacies],
  )
  const token = await clientToken(
    service.key,
    await insertClient(service.db, { role: 'pharmacy', finess: pharmacies }),
    ['stock:write'],
  )
  // Last, as with its first request the service reads who there is, and knows nobody who comes into the tables later.
  await makeWorld(service, null)
  const count = (pharmacy: string, onHand: number) => {
    const body = { onHand, countedAt: minutesAgo(0) }
    return service.call('PUT', `/v1/pharmacies/${pharmacy}/stock/surgical`, { token, body })
  }
  const loop = pharmacies[0] ?? ''
  const work = range(COUNTS).flatMap((n) => pharmacies.slice(1).map((pharmacy) => () => count(pharmacy, n)))
  const looping = range(LIMIT + BEYOND).map((n) => () => count(loop, n))
  const [answers, looped] = await Promise.all([drain(work, CALLERS), drain(looping, 1)])
  const others = PHARMACIES - 1
  t.same(tally(answers), { 201: others, 200: (COUNTS - 1) * others }, 'none is told to wait')
  t.same(tally(looped), { 201: 1, 200: LIMIT - 1, '429 rate_limited': BEYOND })
})

/** So many callers take the next piece of work as soon as they have done one. */
async function drain<Result>(work: (() => Promise<Result>)[], callers: number): Promise<Result[]> {
  const waiting = work.values()
  const results = await Promise.all(
    range(callers).map(async () => {
      const own: Result[] = []
      for (const each of waiting) own.push(await each())
      return own
    }),
  )
  return results.flat()
}
