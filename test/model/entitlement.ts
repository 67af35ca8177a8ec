/**
 * What rules leave a professional, written a second time from the API's description alone: nothing here comes from
 * src/domain. Instants are milliseconds since the epoch.
 */

/**
 * A cap on some products together, over a window. `weeks` are Monday to Monday in Paris, counted from that of `from`.
 */
export interface Rule {
  id: string
  profession: string
  products: string[]
  cap: number
  subCaps: Record<string, number>
  window: { weeks: number } | { days: number }
  from: number
}

/** Masks of one product received at an instant; a negative quantity was given back. */
export interface Receipt {
  product: string
  quantity: number
  at: number
}

/** Masks of one product that a live reservation holds. */
export interface Held {
  product: string
  quantity: number
}

/** What is left of a product: the figures are those of the cap that leaves less. */
export interface Left {
  cap: number
  received: number
  held: number
  remaining: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The rule that judges at an instant: of those for the profession and product, the one that began last. */
export function ruleOf(rules: readonly Rule[], profession: string, product: string, at: number): Rule {
  const [rule] = rules
    .filter((each) => each.profession === profession && each.products.includes(product) && each.from <= at)
    .sort((a, b) => b.from - a.from)
  if (!rule) throw new Error(`the model has no rule for ${profession} and ${product}`)
  return rule
}

/** Where the window of a rule begins and ends at an instant. */
function windowOf({ window, from }: Rule, at: number): { start: number; end: number } {
  if ('days' in window) return { start: at - window.days * DAY, end: at }
  const first = mondayOf(from)
  const length = window.weeks * 7
  const start = first + Math.floor((mondayOf(at) - first) / length) * length
  return { start: midnight(start), end: midnight(start + length) }
}

/** What is left of a product at an instant, after these receipts and holds. */
export function leftOf(
  rule: Rule,
  product: string,
  at: number,
  receipts: readonly Receipt[],
  held: readonly Held[],
): Left {
  const { start, end } = windowOf(rule, at)
  const counted = receipts.filter((each) => each.at > start || ('weeks' in rule.window && each.at === start))
  const inWindow = counted.filter((each) => each.at < end + ('days' in rule.window ? 10 * MINUTE + 1 : 0))
  const against = (cap: number, products: readonly string[]): Left => {
    const sum = (items: readonly Held[]) =>
      items.filter((item) => products.includes(item.product)).reduce((total, { quantity }) => total + quantity, 0)
    const [got, kept] = [sum(inWindow), sum(held)]
    return { cap, received: got, held: kept, remaining: cap - got - kept }
  }
  const whole = against(rule.cap, rule.products)
  const subCap = rule.subCaps[product]
  const part = subCap === undefined ? whole : against(subCap, [product])
  const least = part.remaining < whole.remaining ? part : whole
  return { ...least, remaining: Math.max(0, least.remaining) }
}

/** Every instant at which a receipt leaves its window under one of these rules, or a rule begins. */
export function turnsOf(rules: readonly Rule[], receipts: readonly Receipt[]): number[] {
  return rules.flatMap((rule) => {
    const { window } = rule
    const leaves = receipts.map(({ at }) => ('days' in window ? at + window.days * DAY : windowOf(rule, at).end))
    return [rule.from, ...leaves]
  })
}

// Days since 1970-01-01, a Thursday, by the clocks of Paris.
function mondayOf(instant: number): number {
  const day = Math.floor((instant + offsetAt(instant)) / DAY)
  return day - ((day + 3) % 7)
}

// The clocks of Paris change at night but never at midnight, so that noon UTC has the offset of the midnight before.
function midnight(day: number): number {
  return day * DAY - offsetAt(day * DAY - 2 * HOUR)
}

const paris = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Paris', timeZoneName: 'longOffset' })

function offsetAt(instant: number): number {
  const name = paris.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  return Number(/GMT\+0(\d):00/.exec(name)?.[1]) * HOUR
}
