import { deepEqual } from 'node:assert/strict'
import { fc } from '../support/seed.ts'
import { must } from '../support/world.ts'
import { isRefused, showsLevel } from './agreement.ts'
import { at } from './reality.ts'
import { MINUTE, pharmacy, product, quantity, step } from './step.ts'

/** A pharmacy declares a count, now, some minutes ago, or by a clock that runs ahead. */
export const count = fc
  .tuple(pharmacy, product, fc.constantFrom(0, 1, 2, 4, 8, 16), fc.constantFrom(-10, -2, 0, 0, 0, 2))
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
      model.count(where, what, counted, { countedAt, recordedAt: Date.parse(answer.body.observedAt) })
      showsLevel(answer.body, model, where, what)
    }),
  )

const kind = fc.constantFrom('delivery', 'delivery', 'loss', 'return_to_supplier', 'transfer_in', 'transfer_out')
/** A delivery, loss, return or transfer, told at once, late, or by a clock that runs ahead. */
export const move = fc
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
      const isCounted = model.isCounted(where, what, occurredAt)
      if ((kind === 'return_to_supplier' || kind === 'transfer_out') && !isCounted && amount > available)
        return isRefused(answer, { status: 409, code: 'stock_insufficient', facts: { product: what, available } })
      const comesIn = kind === 'delivery' || kind === 'transfer_in'
      const change = comesIn ? amount : 0 - (kind === 'loss' && !isCounted ? Math.min(amount, onHand) : amount)
      deepEqual(must(201, answer).body.change, change)
      const recordedAt = Date.parse(answer.body.recordedAt)
      model.move(where, what, comesIn ? amount : -amount, { at: occurredAt, recordedAt })
      showsLevel(answer.body.stock, model, where, what)
    }),
  )

/** Somebody looks for the nearest. */
export const search = fc
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
