import { type Hold, quantityOf } from './entitlement.ts'
import type { Line } from './judged-lines.ts'
import { counted, phrase } from './language.ts'
import { type Refusal, refused } from './refusals.ts'
import type { Shortfall } from './release.ts'

/** What a pharmacy has on its shelves. */
interface CounterStock {
  pharmacy: string
  /** By product: on hand and promised to nobody live. One that is not among them is there without limit. */
  available: ReadonlyMap<string, number>
}

interface ShortProduct {
  product: string
  available: number
  missing: number
}

/** The products of which too few are here, once these holds have given up what they set aside here. */
export function shortOfStock(
  { pharmacy, available }: CounterStock,
  lines: readonly Line[],
  freed: readonly Pick<Hold, 'product' | 'quantity' | 'pharmacy'>[],
): ShortProduct[] {
  const here = freed.filter((hold) => hold.pharmacy === pharmacy)
  return [...new Set(lines.map(({ product }) => product))]
    .map((product) => {
      const free = (available.get(product) ?? Number.POSITIVE_INFINITY) + quantityOf([product], here)
      return { product, available: free, missing: quantityOf([product], lines) - free }
    })
    .filter(({ missing }) => missing > 0)
}

/** The same, to be made up for by releasing what else the professional holds here. */
export function stockShortfalls(
  stock: CounterStock,
  lines: readonly Line[],
  freed: readonly Pick<Hold, 'product' | 'quantity' | 'pharmacy'>[],
): Shortfall[] {
  return shortOfStock(stock, lines, freed).map(({ product, missing }) => ({
    missing,
    counts: (hold) => hold.pharmacy === stock.pharmacy && hold.product === product,
  }))
}

/** Refuses what the pharmacy does not have. */
export function stockInsufficient(lines: readonly Line[], { product, available }: ShortProduct): Refusal {
  return refused(
    'stock_insufficient',
    {
      en: phrase`Available at this pharmacy: ${counted(available, 'mask', 'masks')} of ${product}. Hand over fewer, or count the stock if more are on the shelf.`,
      fr: phrase`Disponible dans cette officine : ${counted(available, 'masque', 'masques')} ${product}. Remettez-en moins, ou comptez le stock s’il y en a davantage en rayon.`,
    },
    { product, available },
    { product, quantity: quantityOf([product], lines), available },
  )
}
