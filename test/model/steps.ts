import { deepEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { inTransaction } from '../../src/db/transaction.ts'
import { expireHolds } from '../../src/features/reservations/expire.ts'
import { letExpire } from '../support/records.ts'
import type { Answer } from '../support/service.ts'
import { must } from '../support/world.ts'
import { expectHandOver, expectReservation, type HandOver } from './expectations.ts'
import { type Entry, type Hold, type Model, PRACTICES_AT, PRODUCTS, type Product, total } from './model.ts'
import { agree, at, isRefused, letTimePass, publish, type Reality } from './reality.ts'

/** One thing that somebody does, to the service and to the model, with the comparison of the two. */
export type Step = fc.AsyncCommand<Model, Reality>

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const pharmacy = fc.nat(2)
const person = fc.nat(2)
const product = fc.constantFrom(...PRODUCTS)
const quantity = fc.constantFrom(1, 1, 2, 2, 3, 4, 7)
const lines = fc.array(fc.record({ product, quantity }), { minLength: 1, maxLength: 2 })
const pick = fc.nat(50)
const seldom = fc.integer({ min: 0, max: 6 }).map((n) => n === 6)

const count = fc
  .tuple(pharmacy, product, fc.nat(16), fc.constantFrom(-10, -2, 0, 0, 0, 2))
  .map(([where, what, counted, minutes]) =>
    step(`count ${counted} ${what} at ${where}, ${minutes} min`, async (model, real) => {
      const { finess, token } = at(real.places, where)
      const countedAt = Date.now() + minutes * MINUTE
      const isNew = !model.hasShelf(where, what)
      const isOutdated = model.isOutdated(where, what, countedAt)
      const body = { onHand: counted, countedAt: new Date(countedAt).toISOString() }
      const answer = await real.service.call('PUT', `/v1/pharmacies/${finess}/stock/${what}`, { token, body })
      if (isOutdated) return isRefused(answer, { status: 409, code: 'stock_count_outdated', facts: {} })
      must(isNew ? 201 : 200, answer)
      model.count(where, what, counted, Math.min(countedAt, Date.parse(answer.body.observedAt)))
      showsLevel(answer.body, model, where, what)
    }),
  )

const kind = fc.constantFrom('delivery', 'delivery', 'loss', 'return_to_supplier', 'transfer_in', 'transfer_out')
const move = fc
  .tuple(pharmacy, product, kind, quantity, fc.constantFrom(-10, -2, 0, 0, 2))
  .map(([where, what, kind, amount, minutes]) =>
    step(`${kind} of ${amount} ${what} at ${where}, ${minutes} min`, async (model, real) => {
      const { finess, token } = at(real.places, where)
      const occurredAt = Date.now() + minutes * MINUTE
      const counterparty = kind.startsWith('transfer') ? { counterparty: at(real.places, (where + 1) % 3).finess } : {}
      const body = {
        product: what,
        kind,
        quantity: amount,
        occurredAt: new Date(occurredAt).toISOString(),
        ...counterparty,
      }
      const { onHand, available } = model.level(where, what)
      const answer = await real.post(`/v1/pharmacies/${finess}/stock-movements`, token, body)
      if ((kind === 'return_to_supplier' || kind === 'transfer_out') && amount > available)
        return isRefused(answer, { status: 409, code: 'stock_insufficient', facts: { product: what, available } })
      const comesIn = kind === 'delivery' || kind === 'transfer_in'
      const change = comesIn ? amount : 0 - (kind === 'loss' ? Math.min(amount, onHand) : amount)
      deepEqual(must(201, answer).body.change, change)
      model.move(where, what, change, Math.min(occurredAt, Date.parse(answer.body.recordedAt)))
      showsLevel(answer.body.stock, model, where, what)
    }),
  )

const where = fc.oneof(
  fc.record({ pharmacy }),
  fc.record({ from: fc.constantFrom(null, 0, 5), reachKm: fc.constantFrom(2.5, 20) }),
)
const reserve = fc.tuple(person, product, quantity, where).map(([who, what, amount, where]) =>
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
    const { id, status, pharmacy: chosen, pickupCode: code, createdAt } = must(201, answer).body
    deepEqual([status, chosen.finess], ['held', at(real.places, expected.pharmacy).finess])
    const made = { id, code, createdAt: Date.parse(createdAt), status: 'held' as const }
    model.holds.push({ ...made, person: who, pharmacy: expected.pharmacy, product: what, quantity: amount })
  }),
)

const cancel = fc.tuple(pick, fc.constantFrom('owner', 'owner', 'pharmacy', 'stranger')).map(([nth, by]) =>
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

const expire = pick.map((nth) =>
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

const sweep = fc.constant(
  step('the sweep of expired reservations', async (_model, { service }) => {
    while ((await inTransaction(service.db, expireHolds)) > 0);
  }),
)

const pass = fc.constantFrom(25, 49, 73, 169).map((hours) =>
  step(`${hours} hours pass`, async (model, real) => {
    await letTimePass(real, hours * HOUR)
    model.pass(hours * HOUR)
  }),
)

const reference = fc.record({ nth: pick, own: seldom.map((is) => !is), wrongCode: seldom })
const references = fc.array(reference, { maxLength: 2 })
const dispense = fc
  .record({
    pharmacy,
    person,
    lines,
    references,
    minutes: fc.constantFrom(null, null, null, -2, 2),
    releaseHolds: fc.boolean(),
    override: seldom,
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
        Object.assign(hold, { status: 'collected', collectedQuantity: part })
      for (const hold of expected.released) Object.assign(hold, { status: 'cancelled', cancellationReason: 'released' })
      const { person: who, pharmacy: where } = asked
      model.handOver(asked.lines, {
        ...madeOf(must(201, answer)),
        person: who,
        pharmacy: where,
        override: expected.override,
      })
      deepEqual(answer.body.flags, expected.override ? ['override'] : [])
      deepEqual(
        answer.body.reservations,
        named.map(({ hold }) => ({ id: hold.id, outcome: hold.status === 'collected' ? 'collected' : 'expired' })),
      )
      showsEntry(answer.body, model, who)
    }),
  )

const reverse = fc.tuple(pick, fc.option(lines), seldom).map(([nth, asked, elsewhere]) =>
  step(
    `reversal of ${JSON.stringify(asked)} of entry ${nth}${elsewhere ? ' by another pharmacy' : ''}`,
    async (model, real) => {
      const entry = picked(model.entries, nth)
      const { token } = at(real.places, (entry.pharmacy + (elsewhere ? 1 : 0)) % 3)
      const body = { kind: 'returned', ...(asked && { lines: asked }) }
      const answer = await real.post(`/v1/dispensations/${entry.id}/reversal`, token, body)
      if (elsewhere || entry.kind === 'reversal')
        return isRefused(answer, { status: 404, code: 'not_found', facts: {} })
      const left = model.reversible(entry)
      const taken = asked ?? left
      if (taken.length === 0 || PRODUCTS.some((each) => total(taken, each) > total(left, each))) {
        const reversible = PRODUCTS.map((each) => total(left, each))
        return isRefused(answer, { status: 409, code: 'reversal_exceeds_dispensed', facts: { reversible } })
      }
      model.reverse(entry, taken, madeOf(must(201, answer)))
      showsEntry(answer.body, model, entry.person)
    },
    (model) => model.entries.length > 0,
  ),
)

const search = fc
  .tuple(product, quantity, fc.constantFrom(0, 5), fc.constantFrom(2.5, 20))
  .map(([what, amount, from, reachKm]) =>
    step(`search for ${amount} ${what} from km ${from} within ${reachKm} km`, async (model, real) => {
      const { latitude, longitude } = real.point(from)
      const near = `${latitude.toFixed(8)},${longitude.toFixed(8)}`
      const query = `near=${near}&product=${what}&quantity=${amount}&maxDistanceMetres=${reachKm * 1_000}`
      const { body } = must(200, await real.service.call('GET', `/v1/pharmacies?${query}`, { token: real.admin }))
      deepEqual(
        body.items.map(({ finess, available }: { finess: string; available: number }) => [finess, available]),
        model
          .nearest(from, reachKm, what, amount)
          .map((found) => [at(real.places, found).finess, model.level(found, what).available]),
      )
    }),
  )

const newCap = fc.tuple(person, product, fc.integer({ min: 5, max: 14 })).map(([who, what, cap]) =>
  step(`the cap of professional ${who} for ${what} becomes ${cap}`, async (model, real) => {
    const now = Date.now()
    await publish(model, real, { ...model.ruleFor(who, what, now), cap, from: now })
  }),
)

/** What people do, the more often the more interesting. */
export const steps: fc.Arbitrary<Step>[] = [
  count,
  move,
  ...[reserve, reserve, reserve, reserve, reserve],
  ...[dispense, dispense, dispense, dispense],
  reverse,
  cancel,
  expire,
  sweep,
  ...[pass, pass],
  search,
  newCap,
]

function step(
  title: string,
  act: (model: Model, real: Reality) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true,
): Step {
  const run = async (model: Model, real: Reality) => {
    await act(model, real)
    await agree(model, real)
    real.played += 1
  }
  return { check, run, toString: () => title }
}

function picked<Item>(items: readonly Item[], nth: number): Item {
  return at(items, nth % items.length)
}

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

/** The answer of an entry has its place in the history, and what is left after it. */
// biome-ignore lint/suspicious/noExplicitAny: the answer's body, typed by the OpenAPI document.
function showsEntry(body: any, model: Model, person: number): void {
  deepEqual(body.sequence, model.entries.filter((entry) => entry.person === person).length)
  const products: Product[] = body.lines.map((line: { product: Product }) => line.product)
  const moment = body.kind === 'reversal' ? Date.parse(body.recordedAt) : Date.parse(body.dispensedAt)
  deepEqual(
    body.remaining,
    [...new Set(products)].map((each) => ({ product: each, quantity: model.left(person, each, moment).remaining })),
  )
}

function showsLevel(level: Record<string, unknown>, model: Model, pharmacy: number, product: Product): void {
  const { onHand, held, available } = level
  deepEqual({ onHand, held, available }, model.level(pharmacy, product))
}
