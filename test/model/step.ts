import { fc } from '../support/seed.ts'
import { agree } from './agreement.ts'
import { type Model, PRODUCTS } from './model.ts'
import { at, type Reality } from './reality.ts'

/** One thing that somebody does, to the service and to the model, with the comparison of the two. */
export type Step = fc.AsyncCommand<Model, Reality>

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

/** Small numbers, so that people meet one another. */
export const pharmacy = fc.nat(2)
export const person = fc.nat(2)
export const product = fc.constantFrom(...PRODUCTS)
export const quantity = fc.constantFrom(1, 1, 2, 2, 3, 4, 7)
export const lines = fc.array(fc.record({ product, quantity }), { minLength: 1, maxLength: 2 })
export const pick = fc.nat(50)
export const seldom = fc.integer({ min: 0, max: 6 }).map((n) => n === 6)

/** A step that, once acted, finds stock and entitlements as the model says. */
export function step(
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

/** The nth of so many, counted round. */
export function picked<Item>(items: readonly Item[], nth: number): Item {
  return at(items, nth % items.length)
}
