import { allowanceFor, type EntitlementFacts, exceeded } from './beneficiary.ts'
import { firstGrantedAt } from './first-granted.ts'
import { isRefusal, type Refusal, refused } from './refusals.ts'

/** What a professional asks to have set aside. */
export interface HoldRequest {
  product: string
  quantity: number
}

/** Decides whether the professional may hold these masks at all (undefined means yes); stock decides where. */
export function decideReservation(
  facts: EntitlementFacts,
  { product, quantity }: HoldRequest,
  context: { productActive: boolean; maxLiveHolds: number },
): Refusal | undefined {
  if (facts.person.status === 'suspended') return refused('professional_suspended', 'The professional is suspended.')
  if (!context.productActive)
    return refused('product_inactive', `${product} is no longer distributed.`, { product }, { product, quantity })
  const live = facts.holds.filter((hold) => hold.product === product)
  const allowance = allowanceFor(facts, product)
  if (isRefusal(allowance)) return { ...allowance, judged: { product, quantity } }
  if (live.length >= context.maxLiveHolds) {
    return refused(
      'too_many_holds',
      `${live.length} reservations of ${product} are live; the limit is ${context.maxLiveHolds}.`,
      { limit: context.maxLiveHolds },
      { product, quantity, allowance },
    )
  }
  if (quantity <= allowance.remaining) return undefined
  const fits = (then: EntitlementFacts) => {
    const left = allowanceFor(then, product)
    return !isRefusal(left) && quantity <= left.remaining
  }
  return exceeded(allowance, quantity, firstGrantedAt(facts, [product], fits))
}
