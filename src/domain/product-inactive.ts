import { phrase } from './language.ts'
import { type Judged, type Refusal, refused } from './refusals.ts'

/** The refusal of a product that is in the catalogue, and given out no more. */
export function productInactive(product: string, judged?: Judged): Refusal {
  return refused(
    'product_inactive',
    {
      en: phrase`${product} is no longer distributed.`,
      fr: phrase`Les masques ${product} ne sont plus distribués.`,
    },
    { product },
    judged,
  )
}
