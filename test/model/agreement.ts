import { deepEqual } from 'node:assert/strict'
import type { Answer } from '../support/service.ts'
import { must } from '../support/world.ts'
import type { Refused } from './expectations.ts'
import { type Model, PRODUCTS, type Product, total } from './model.ts'
import { at, type Reality } from './reality.ts'

/** Stock and entitlements are what the model says. */
export async function agree(model: Model, real: Reality): Promise<void> {
  await Promise.all([
    ...real.places.map((_, pharmacy) => agreeOnStock(model, real, pharmacy)),
    ...real.people.map((_, person) => agreeOnEntitlements(model, real, person)),
  ])
}

async function agreeOnStock(model: Model, { service, places }: Reality, pharmacy: number): Promise<void> {
  const { finess, token } = at(places, pharmacy)
  const { body } = must(200, await service.call('GET', `/v1/pharmacies/${finess}/stock`, { token }))
  const found = Object.fromEntries(
    body.items.map(({ product, version, observedAt, ...level }: Item) => [product, level]),
  )
  const shelves = PRODUCTS.filter((product) => model.hasShelf(pharmacy, product))
  const expected = Object.fromEntries(shelves.map((product) => [product, model.level(pharmacy, product)]))
  deepEqual(found, expected, `the stock of pharmacy ${pharmacy}`)
}

interface Item {
  product: string
  version: number
  observedAt: string
}

async function agreeOnEntitlements(model: Model, { service, people }: Reality, person: number): Promise<void> {
  const { token } = at(people, person)
  const now = Date.now()
  const { body } = must(200, await service.call('GET', '/v1/entitlements/me', { token }))
  const found = Object.fromEntries(
    body.items.map((item: Record<string, number | { id: string }> & { product: string; rule: { id: string } }) => [
      item.product,
      { cap: item.cap, received: item.received, held: item.held, remaining: item.remaining, rule: item.rule.id },
    ]),
  )
  const expected = Object.fromEntries(
    PRODUCTS.map((product) => [
      product,
      { ...model.left(person, product, now), rule: model.ruleFor(person, product, now).id },
    ]),
  )
  deepEqual(found, expected, `the entitlements of professional ${person}`)
}

/** The reservations and histories are what the model says: for the end, as each step has compared what it did. */
export async function agreeOnRecords(model: Model, { service, places, people }: Reality): Promise<void> {
  for (const [person, { token }] of people.entries()) {
    const { body: kept } = must(200, await service.call('GET', '/v1/reservations?limit=100', { token }))
    deepEqual(
      kept.items.map(({ id, status, collectedQuantity, cancellationReason }: Record<string, unknown>) => ({
        id,
        status,
        ...(collectedQuantity !== undefined && { collectedQuantity }),
        ...(cancellationReason !== undefined && { cancellationReason }),
      })),
      model.holds
        .filter((hold) => hold.person === person)
        .map(({ id, status, collectedQuantity, cancellationReason }) => ({
          id,
          status,
          ...(collectedQuantity !== undefined && { collectedQuantity }),
          ...(cancellationReason !== undefined && { cancellationReason }),
        }))
        .reverse(),
      `the reservations of professional ${person}`,
    )
    const { body: history } = must(200, await service.call('GET', '/v1/professionals/me/history?limit=100', { token }))
    deepEqual(
      history.items.map((entry: Record<string, unknown> & { lines: { product: string; quantity: number }[] }) => [
        entry.sequence,
        entry.id,
        entry.kind,
        entry.pharmacy,
        entry.reverses,
        entry.flags,
        PRODUCTS.map((product) => total(entry.lines as never, product)),
      ]),
      model.entries
        .filter((entry) => entry.person === person)
        .map((entry, index) => [
          index + 1,
          entry.id,
          entry.kind,
          at(places, entry.pharmacy).finess,
          entry.reverses,
          entry.flags,
          PRODUCTS.map((product) => total(entry.lines, product)),
        ])
        .reverse(),
      `the history of professional ${person}`,
    )
  }
}

/** An answer is the refusal that the model expects, with its facts. */
export function isRefused({ status, body }: Answer, expected: Refused): void {
  deepEqual([status, body.code], [expected.status, expected.code], JSON.stringify(body))
  const facts = Object.keys(expected.facts).map((name) => [name, factOf(body, name)])
  deepEqual(Object.fromEntries(facts), expected.facts, expected.code)
}

// biome-ignore lint/suspicious/noExplicitAny: a problem document's members depend on its code.
function factOf(body: any, name: string): unknown {
  if (name === 'rule') return body.rule.id
  if (name === 'holds') return body.holds.map(({ id }: { id: string }) => id).sort()
  if (name === 'reversible') return PRODUCTS.map((product) => total(body.reversible, product))
  return body[name]
}

/** The answer of an entry has its place in the history, and what is left after it. */
// biome-ignore lint/suspicious/noExplicitAny: the answer's body, typed by the OpenAPI document.
export function showsEntry(body: any, model: Model, person: number): void {
  deepEqual(body.sequence, model.entries.filter((entry) => entry.person === person).length)
  const products: Product[] = body.lines.map((line: { product: Product }) => line.product)
  const moment = body.kind === 'reversal' ? Date.parse(body.recordedAt) : Date.parse(body.dispensedAt)
  deepEqual(
    body.remaining,
    [...new Set(products)].map((each) => ({ product: each, quantity: model.left(person, each, moment).remaining })),
  )
}

export function showsLevel(level: Record<string, unknown>, model: Model, pharmacy: number, product: Product): void {
  const { onHand, held, available } = level
  deepEqual({ onHand, held, available }, model.level(pharmacy, product))
}
