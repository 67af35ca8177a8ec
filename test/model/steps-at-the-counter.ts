import { deepEqual } from 'node:assert/strict'
import { fc } from '../support/seed.ts'
import type { Answer } from '../support/service.ts'
import { must } from '../support/world.ts'
import { isRefused, showsEntry } from './agreement.ts'
import { expectHandOver, type HandOver } from './expectations.ts'
import { type Entry, type Hold, type Model, PRODUCTS, total } from './model.ts'
import { at, type Reality } from './reality.ts'
import { lines, MINUTE, person, pharmacy, pick, picked, seldom, step } from './step.ts'

const reference = fc.record({ nth: pick, own: seldom.map((is) => !is), wrongCode: seldom })
const references = fc.array(reference, { maxLength: 2 })
/** A pharmacy asks whether it may hand over, and does. */
export const dispense = fc
  .record({
    pharmacy,
    person,
    lines,
    references,
    minutes: fc.constantFrom(null, null, null, -2, 2),
    releaseHolds: fc.boolean(),
    override: fc.nat(2).map((n) => n === 2),
  })
  .map(({ references, minutes, ...asked }) =>
    step(`hand-over ${JSON.stringify({ references, minutes, ...asked })}`, async (model, real) => {
      const now = Date.now()
      const named = referencesOf(model, asked, references)
      const request = { ...asked, named, at: minutes === null ? now : now + minutes * MINUTE }
      const expected = expectHandOver(model, request, now)
      const body = handOverBody(real, request, minutes !== null)
      const { token } = at(real.places, asked.pharmacy)
      const checked = await real.service.call('POST', '/v1/dispensation-checks', { token, body })
      const answer = await real.post('/v1/dispensations', token, body)
      if ('code' in expected) {
        if (expected.status === 404) isRefused(checked, expected)
        else deepEqual([checked.body.decision, checked.body.code], ['refuse', expected.code])
        return isRefused(answer, expected)
      }
      deepEqual(checked.body.decision, 'allow')
      for (const { hold, quantity: part } of expected.collected)
        Object.assign(hold, { status: 'collected', collectedQuantity: part, cancellationReason: undefined })
      for (const hold of expected.released) Object.assign(hold, { status: 'cancelled', cancellationReason: 'released' })
      const { person: who, pharmacy: where } = asked
      model.handOver(asked.lines, {
        ...madeOf(must(201, answer)),
        person: who,
        pharmacy: where,
        override: expected.override,
        flags: expected.override ? ['override'] : [],
      })
      deepEqual(answer.body.flags, expected.override ? ['override'] : [])
      deepEqual(
        answer.body.reservations,
        named.map(({ hold }) => ({ id: hold.id, outcome: hold.status === 'collected' ? 'collected' : 'expired' })),
      )
      showsEntry(answer.body, model, who)
    }),
  )

const kind = fc.constantFrom('entry_error', 'returned')
/** A pharmacy takes back a hand-over, or part of it, or what is not its own. */
export const reverse = fc.tuple(pick, fc.option(lines), seldom, kind).map(([nth, asked, elsewhere, kind]) =>
  step(
    `${kind} reversal of ${JSON.stringify(asked)} of entry ${nth}${elsewhere ? ' by another pharmacy' : ''}`,
    async (model, real) => {
      const entry = picked(model.entries, nth)
      const { token } = at(real.places, (entry.pharmacy + (elsewhere ? 1 : 0)) % 3)
      const body = { kind, ...(asked && { lines: asked }) }
      const answer = await real.post(`/v1/dispensations/${entry.id}/reversal`, token, body)
      if (elsewhere || entry.kind === 'reversal')
        return isRefused(answer, { status: 404, code: 'not_found', facts: {} })
      const left = model.reversible(entry)
      const taken = asked ?? left
      if (taken.length === 0 || PRODUCTS.some((each) => total(taken, each) > total(left, each))) {
        const reversible = PRODUCTS.map((each) => total(left, each))
        return isRefused(answer, { status: 409, code: 'reversal_exceeds_dispensed', facts: { reversible } })
      }
      model.reverse(entry, taken, kind, madeOf(must(201, answer)))
      showsEntry(answer.body, model, entry.person)
    },
    (model) => model.entries.length > 0,
  ),
)

/** Those that the request names: mostly the professional's own at this pharmacy, else any. */
function referencesOf(
  model: Model,
  { person, pharmacy }: { person: number; pharmacy: number },
  references: { nth: number; own: boolean; wrongCode: boolean }[],
): HandOver['named'] {
  const own = model.holds.filter((hold) => hold.person === person && hold.pharmacy === pharmacy)
  const named = new Map<Hold, boolean>()
  for (const { nth, own: isOwn, wrongCode } of references) {
    const among = isOwn ? own : model.holds
    if (among.length > 0) named.set(picked(among, nth), wrongCode)
  }
  return [...named].map(([hold, wrongCode]) => ({ hold, wrongCode }))
}

function handOverBody(real: Reality, request: HandOver, withTime: boolean): object {
  return {
    professional: at(real.people, request.person).id,
    identityCheck: { method: 'cps_card' },
    lines: request.lines,
    reservations: request.named.map(({ hold, wrongCode }) => ({
      id: hold.id,
      pickupCode: wrongCode ? 'AAAA-AAAA' : hold.code,
    })),
    releaseHolds: request.releaseHolds,
    ...(withTime && { dispensedAt: new Date(request.at).toISOString() }),
    ...(request.override && { override: { reasonCode: 'emergency' } }),
  }
}

function madeOf({ body }: Answer): Pick<Entry, 'id' | 'at' | 'recordedAt'> {
  return { id: body.id, at: Date.parse(body.dispensedAt), recordedAt: Date.parse(body.recordedAt) }
}
