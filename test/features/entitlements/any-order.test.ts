import { deepEqual } from 'node:assert/strict'
import t from 'tap'
import {
  agree,
  histories,
  PRODUCTS,
  replay,
  type Standing,
  standingOf,
  type ToldPerson,
  tell,
} from '../../support/entitlement-history.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { fc } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const RUNS = 10
const DAYS = 7
const DAY_MS = 86_400_000
// A hand-over may be told for five minutes, and a run takes some seconds.
const BEGAN_MS = 150_000
const APART_MS = 5_000

const service = await startService(t, { OVERRIDES_PER_WEEK: 10_000 })
const { call, db } = service
const world = await makeWorld(service, null)
const caps = { cap: 12, subCaps: { ffp2: 5 }, products: [...PRODUCTS] }
await world.rule({ ...caps, subCaps: [{ product: 'ffp2', cap: 5 }], window: { kind: 'rolling_days', count: DAYS } })
const rule = { id: '', profession: '60', ...caps, window: { days: DAYS }, from: Date.parse('2026-01-01T00:00:00Z') }
const place = await world.pharmacy(1)
for (const product of PRODUCTS) must(201, await world.count(place, 100_000, product))
let people = 0

/** A new professional, whose hand-overs the pharmacy tells. */
async function someone(began: number): Promise<ToldPerson> {
  const { id, token } = await world.professional(++people)
  return {
    async handOver(lines, override, nth) {
      const asked = {
        ...{ lines, dispensedAt: new Date(began + nth * APART_MS).toISOString() },
        ...(override && { override: { reasonCode: 'other' } }),
      }
      const answer = await world.dispense(place, id, 0, asked)
      if (answer.status === 409) {
        deepEqual(answer.body.code, 'entitlement_exceeded')
        return 'refused'
      }
      const { body } = must(201, answer)
      return { id: body.id, at: Date.parse(body.dispensedAt) }
    },
    async reverse(entry, lines) {
      const body = { kind: 'returned', lines }
      must(201, await call('POST', `/v1/dispensations/${entry}/reversal`, { token: place.token, key: true, body }))
    },
    async standing(product) {
      const { items } = must(200, await call('GET', '/v1/entitlements/me', { token })).body
      const { received, remaining } = items.find((item: { product: string }) => item.product === product)
      const more = { product, quantity: remaining + 1, pharmacy: place.finess }
      const { resetsAt } = must(409, await world.reserve(token, more)).body
      return { received, remaining, resetsAt: resetsAt === null ? null : Date.parse(resetsAt) }
    },
  }
}

t.test(
  'whatever the order in which a till tells hand-overs, what is left is what their own order leaves',
  async (t) => {
    const returns: (number | null)[] = []
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const began = Date.now() - BEGAN_MS
        const [told, inOrder] = [await someone(began), await someone(began)]
        const taken = await tell(told, history)
        await replay(inOrder, taken)
        const definition = (product: string): Standing => standingOf(rule, taken, product, Date.now())
        await agree([told, inOrder], definition)
        returns.push(definition('surgical').resetsAt)
      }),
      { numRuns: RUNS, endOnFailure: true },
    )
    t.ok(
      returns.some((at) => at !== null && at > Date.now() + (DAYS - 1) * DAY_MS),
      'some of it comes back in a week',
    )
  },
)

t.test('and no cap was passed unflagged', (t) => invariantsHold(t, db))
