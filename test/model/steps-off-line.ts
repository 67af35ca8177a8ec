import { deepEqual } from 'node:assert/strict'
import { fc, seededUuid } from '../support/seed.ts'
import { must } from '../support/world.ts'
import { expectOffline } from './expectations.ts'
import type { Hold, Model } from './model.ts'
import { at, type Reality } from './reality.ts'
import { lines, MINUTE, person, pharmacy, pick, picked, seldom, step } from './step.ts'

const handOver = fc.record({
  person,
  lines,
  named: fc.option(pick),
  minutes: fc.constantFrom(0, 1, 30, 600, 4_500),
  releaseHolds: fc.boolean(),
  override: seldom,
})

/** A pharmacy sends what it handed over while the line was down, in any order; then sends it again. */
export const offline = fc.tuple(pharmacy, fc.array(handOver, { minLength: 1, maxLength: 3 })).map(([where, sent]) =>
  step(`a batch off line at ${where}: ${JSON.stringify(sent)}`, async (model, real) => {
    const now = Date.now()
    const items = sent.map((each) => itemOf(model, real, where, each, now))
    const { finess, token } = at(real.places, where)
    const body = { items: items.map(({ item }) => item) }
    const send = () => real.service.call('POST', `/v1/pharmacies/${finess}/offline-batches`, { token, body })
    const answered = must(200, await send()).body.items
    for (const { request, item } of items.toSorted((a, b) => a.request.at - b.request.at)) {
      const { answer, flags } = answered[items.findIndex((each) => each.item === item)]
      const recordedAt = Date.parse(answer.recordedAt)
      const expected = expectOffline(model, request, recordedAt)
      deepEqual(flags, expected.flags, JSON.stringify(request))
      for (const { hold, quantity: part } of expected.collected)
        Object.assign(hold, { status: 'collected', collectedQuantity: part, cancellationReason: undefined })
      for (const hold of expected.released) Object.assign(hold, { status: 'cancelled', cancellationReason: 'released' })
      const { person, lines } = request
      const made = { id: answer.id, at: request.at, recordedAt, flags, override: expected.override }
      model.handOver(lines, { ...made, person, pharmacy: where })
    }
    const again = must(200, await send()).body.items
    deepEqual(
      again,
      answered.map((each: object) => ({ ...each, outcome: 'replayed' })),
    )
  }),
)

type Sent = typeof handOver extends fc.Arbitrary<infer Value> ? Value : never

function itemOf(model: Model, real: Reality, where: number, { minutes, named: nth, ...asked }: Sent, now: number) {
  const own = model.live().filter((hold) => hold.person === asked.person && hold.pharmacy === where)
  const named: { hold: Hold; wrongCode: boolean }[] =
    nth === null || own.length === 0 ? [] : [{ hold: picked(own, nth), wrongCode: false }]
  const request = { ...asked, pharmacy: where, named, at: now - minutes * MINUTE }
  const body = {
    professional: at(real.people, asked.person).id,
    identityCheck: { method: 'cps_card' },
    lines: asked.lines,
    reservations: named.map(({ hold }) => ({ id: hold.id, pickupCode: hold.code })),
    releaseHolds: asked.releaseHolds,
    dispensedAt: new Date(request.at).toISOString(),
    ...(asked.override && { override: { reasonCode: 'emergency' } }),
  }
  return { request, item: { key: seededUuid(), kind: 'dispensation', body } }
}
