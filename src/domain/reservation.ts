import { allowanceFor, type EntitlementFacts, exceeded } from './beneficiary.ts'
import { firstGrantedAt } from './first-granted.ts'
import { phrase } from './language.ts'
import { productInactive } from './product-inactive.ts'
import { isRefusal, type Refusal, refused } from './refusals.ts'
import { professionalSuspended } from './suspended.ts'

/** What a professional asks to have set aside. */
export interface HoldRequest {
  product: string
  quantity: number
}

/** Why the professional may not hold these masks at any pharmacy. */
export function refusedAnywhere(
  { person }: EntitlementFacts,
  { product, quantity }: HoldRequest,
  { productActive }: { productActive: boolean },
): Refusal | undefined {
  if (person.status === 'suspended') return refused('professional_suspended', professionalSuspended)
  if (productActive) return undefined
  return productInactive(product, { product, quantity })
}

/** Decides whether the professional may hold these masks at all (undefined means yes); stock decides where. */
export function decideReservation(
  facts: EntitlementFacts,
  request: HoldRequest,
  context: { productActive: boolean; maxLiveHolds: number },
): Refusal | undefined {
  const barred = refusedAnywhere(facts, request, context)
  if (barred) return barred
  const { product, quantity } = request
  const live = facts.holds.filter((hold) => hold.product === product)
  const allowance = allowanceFor(facts, product)
  if (isRefusal(allowance)) return { ...allowance, judged: { product, quantity } }
  if (live.length >= context.maxLiveHolds) {
    return refused(
      'too_many_holds',
      {
        en: phrase`Live reservations of ${product}: ${live.length}; the limit is ${context.maxLiveHolds}. Collect or cancel one first.`,
        fr: phrase`Options en cours pour les masques ${product} : ${live.length} ; la limite est de ${context.maxLiveHolds}. Retirez ou annulez-en une d’abord.`,
      },
      { limit: context.maxLiveHolds },
      { product, quantity, allowance },
    )
  }
  if (quantity <= allowance.remaining) return undefined
  const fits = (then: EntitlementFacts) => {
    const left = allowanceFor(then, product)
    return !isRefusal(left) && quantity <= left.remaining
  }
  return exceeded(facts, allowance, quantity, firstGrantedAt(facts, [product], fits))
}
