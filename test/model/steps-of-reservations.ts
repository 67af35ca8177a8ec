import { deepEqual } from 'node:assert/strict'
import { inTransaction } from '../../src/db/transaction.ts'
import { expireHolds } from '../../src/features/reservations/expire.ts'
import { letExpire } from '../support/records.ts'
import { fc } from '../support/seed.ts'
import { must } from '../support/world.ts'
import { isRefused } from './agreement.ts'
import { expectReservation } from './expectations.ts'
import { PRACTICES_AT } from './model.ts'
import { at } from './reality.ts'
import { person, pharmacy, pick, picked, product, quantity, step } from './step.ts'

const where = fc.oneof(
  fc.record({ pharmacy }),
  fc.record({ from: fc.constantFrom(null, 0, 5), reachKm: fc.constantFrom(2.5, 20) }),
)
/** A professional reserves at a named pharmacy or at the nearest. */
export const reserve = fc.tuple(person, product, quantity, where).map(([who, what, amount, where]) =>
  step(`professional ${who} reserves ${amount} ${what} ${JSON.stringify(where)}`, async (model, real) => {
    const target = 'pharmacy' in where ? where : { ...where, from: where.from ?? at(PRACTICES_AT, who) }
    const expected = expectReservation(model, who, { product: what, quantity: amount }, target, Date.now())
    const place =
      'pharmacy' in where
        ? { pharmacy: at(real.places, where.pharmacy).finess }
        : { ...(where.from !== null && { near: real.point(where.from) }), maxDistanceMetres: where.reachKm * 1_000 }
    const body = { product: what, quantity: amount, ...place }
    const answer = await real.post('/v1/reservations', at(real.people, who).token, body)
    if ('code' in expected) return isRefused(answer, expected)
    const { id, status, pharmacy: chosen, pickupCode: code, createdAt, expiresAt } = must(201, answer).body
    deepEqual([status, chosen.finess], ['held', at(real.places, expected.pharmacy).finess])
    const times = { createdAt: Date.parse(createdAt), expiresAt: Date.parse(expiresAt) }
    const made = { id, code, ...times, status: 'held' as const }
    model.holds.push({ ...made, person: who, pharmacy: expected.pharmacy, product: what, quantity: amount })
  }),
)

/** Somebody cancels a reservation, and may not. */
export const cancel = fc.tuple(pick, fc.constantFrom('owner', 'owner', 'pharmacy', 'stranger')).map(([nth, by]) =>
  step(
    `the ${by} cancels reservation ${nth}`,
    async (model, real) => {
      const hold = picked(model.holds, nth)
      const callers = {
        owner: { token: at(real.people, hold.person).token, reason: 'by_professional' },
        pharmacy: { token: at(real.places, hold.pharmacy).token, reason: 'broken box', body: { reason: 'broken box' } },
        stranger: { token: at(real.people, (hold.person + 1) % 3).token, reason: '' },
      }
      const { reason, ...sent } = callers[by]
      const answer = await real.service.call('POST', `/v1/reservations/${hold.id}/cancellation`, sent)
      if (by === 'stranger') return isRefused(answer, { status: 404, code: 'not_found', facts: {} })
      const { status } = hold
      if (status === 'collected' || status === 'expired')
        return isRefused(answer, { status: 409, code: 'reservation_not_held', facts: { reservationStatus: status } })
      if (status === 'held') Object.assign(hold, { status: 'cancelled', cancellationReason: reason })
      const { body } = must(200, answer)
      deepEqual([body.status, body.cancellationReason], ['cancelled', hold.cancellationReason])
    },
    (model) => model.holds.length > 0,
  ),
)

/** The time of a live reservation is over. */
export const expire = pick.map((nth) =>
  step(
    `live reservation ${nth} expires`,
    async (model, real) => {
      const hold = picked(model.live(), nth)
      await letExpire(real.service.db, hold.id)
      hold.status = 'expired'
    },
    (model) => model.live().length > 0,
  ),
)

/** The job ends what has expired, which changes nothing that anybody sees. */
export const sweep = fc.constant(
  step('the sweep of expired reservations', async (_model, { service }) => {
    while ((await inTransaction(service.db, expireHolds)) > 0);
  }),
)
