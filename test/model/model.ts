import { type Left, leftOf, type Receipt, type Rule, ruleOf, turnsOf } from './entitlement.ts'

export const PRODUCTS = ['surgical', 'ffp2'] as const
export type Product = (typeof PRODUCTS)[number]

/** Where the three pharmacies stand and the three professionals practise, in kilometres along a line. */
export const PHARMACIES_AT: readonly number[] = [1, 2, 4]
export const PRACTICES_AT: readonly number[] = [0, 0, 5]

/** A reservation: its masks are set aside while it is `held`. */
export interface Hold {
  id: string
  person: number
  pharmacy: number
  product: Product
  quantity: number
  code: string
  createdAt: number
  expiresAt: number
  status: 'held' | 'collected' | 'cancelled' | 'expired'
  collectedQuantity?: number
  cancellationReason?: string | undefined
  /** When a count or a loss cancelled it. */
  cutAt?: number
}

export interface Line {
  product: Product
  quantity: number
}

/** A dispensation, or the reversal of one. */
export interface Entry {
  id: string
  kind: 'dispensation' | 'reversal'
  person: number
  pharmacy: number
  lines: Line[]
  /** When the masks changed hands; a reversal has its original's. */
  at: number
  recordedAt: number
  override: boolean
  flags: string[]
  reverses: string | null
}

interface Shelf {
  onHand: number
  countedAt: number | null
  movements: { declared: number; at: number }[]
}

/** The whole service as a pure model: shelves, reservations, one history. What only the service knows comes in. */
export class Model {
  readonly rules: Rule[]
  readonly holds: Hold[] = []
  readonly entries: Entry[] = []
  /** Pairs of professionals of whom a login said that they are one, and whether somebody has said that they are not. */
  readonly doubts: { pair: readonly [number, number]; open: boolean }[] = []
  readonly #professions: string[]
  readonly #shelves = new Map<string, Shelf>()

  constructor(professions: string[], rules: Rule[]) {
    this.#professions = professions
    this.rules = rules
  }

  level(pharmacy: number, product: Product): { onHand: number; held: number; available: number } {
    const { onHand } = this.#shelf(pharmacy, product)
    const held = total(
      this.live().filter((hold) => hold.pharmacy === pharmacy),
      product,
    )
    return { onHand, held, available: onHand - held }
  }

  hasShelf(pharmacy: number, product: Product): boolean {
    return this.#shelves.has(`${pharmacy} ${product}`)
  }

  live(): Hold[] {
    return this.holds.filter(({ status }) => status === 'held')
  }

  ruleFor(person: number, product: Product, at: number): Rule {
    return ruleOf(this.rules, this.#professions[person] ?? '', product, at)
  }

  /** Everybody whose receipts and holds count for a professional: whomever open doubts lead to, itself included. */
  together(person: number): number[] {
    const found = [person]
    for (const each of found) {
      const linked = this.doubts.flatMap(({ pair, open }) => (open && pair.includes(each) ? pair : []))
      found.push(...new Set(linked.filter((other) => !found.includes(other))))
    }
    return found
  }

  /** What the rule leaves, after further receipts and without some of the holds. */
  left(person: number, product: Product, at: number, more: { receipts?: Receipt[]; without?: Hold[] } = {}): Left {
    const receipts = [...this.#receiptsOf(person), ...(more.receipts ?? [])]
    const held = this.live().filter(
      (hold) => this.together(person).includes(hold.person) && !more.without?.includes(hold),
    )
    return leftOf(this.ruleFor(person, product, at), product, at, receipts, held)
  }

  /** The first instant from one on at which something holds, when nobody does anything meanwhile; null if never. */
  firstTime(person: number, from: number, holds: (at: number) => boolean): number | null {
    const expiring = this.live().map(({ expiresAt }) => expiresAt)
    const turns = [...turnsOf(this.rules, this.#receiptsOf(person)), ...expiring].filter((at) => at >= from)
    return turns.sort((a, b) => a - b).find(holds) ?? null
  }

  /** The pharmacies in reach that have the quantity, nearest first. */
  nearest(from: number, reachKm: number, product: Product, quantity: number): number[] {
    const distance = (pharmacy: number) => Math.abs((PHARMACIES_AT[pharmacy] ?? Number.NaN) - from)
    return PHARMACIES_AT.map((_, pharmacy) => pharmacy)
      .filter((pharmacy) => distance(pharmacy) <= reachKm && this.level(pharmacy, product).available >= quantity)
      .sort((a, b) => distance(a) - distance(b))
  }

  /** Whether a count is older than the last. */
  isOutdated(pharmacy: number, product: Product, countedAt: number): boolean {
    const { countedAt: last } = this.#shelf(pharmacy, product)
    return last !== null && countedAt < last
  }

  /** Whether the newest count has seen what occurred at an instant, whatever a caller's clock said. */
  isCounted(pharmacy: number, product: Product, at: number): boolean {
    const { countedAt } = this.#shelf(pharmacy, product)
    return countedAt !== null && at <= countedAt
  }

  count(pharmacy: number, product: Product, counted: number, time: { countedAt: number; recordedAt: number }): void {
    const shelf = this.#shelf(pharmacy, product)
    const countedAt = Math.min(time.countedAt, time.recordedAt)
    const since = shelf.movements.filter(({ at }) => at > countedAt).reduce((sum, { declared }) => sum + declared, 0)
    this.#put(pharmacy, product, { ...shelf, countedAt, onHand: Math.max(0, counted + since) }, time.recordedAt)
  }

  /**
   * Moves stock at an instant, not later than when that was recorded, whatever a caller's clock said. What occurred
   * before the last count is in that count already.
   */
  move(pharmacy: number, product: Product, declared: number, time: { at: number; recordedAt: number }): void {
    const shelf = this.#shelf(pharmacy, product)
    const at = Math.min(time.at, time.recordedAt)
    const isCounted = this.isCounted(pharmacy, product, at)
    const onHand = isCounted ? shelf.onHand : Math.max(0, shelf.onHand + declared)
    const movements = [...shelf.movements, { declared, at }]
    this.#put(pharmacy, product, { ...shelf, onHand, movements }, time.recordedAt)
  }

  handOver(lines: Line[], entry: Omit<Entry, 'kind' | 'lines' | 'reverses'>): void {
    for (const { product, quantity } of lines) this.move(entry.pharmacy, product, -quantity, entry)
    this.entries.push({ ...entry, kind: 'dispensation', lines, reverses: null })
  }

  /** What of a dispensation was not taken back yet, by product. */
  reversible({ id, lines }: Entry): Line[] {
    const back = this.entries.filter(({ reverses }) => reverses === id).flatMap((reversal) => reversal.lines)
    return PRODUCTS.map((product) => ({ product, quantity: total(lines, product) - total(back, product) })).filter(
      ({ quantity }) => quantity > 0,
    )
  }

  /** Masks that are returned come back now; those of a slip never left. */
  reverse(original: Entry, lines: Line[], kind: string, made: Pick<Entry, 'id' | 'recordedAt'>): void {
    const { recordedAt } = made
    const at = kind === 'returned' ? recordedAt : Math.min(original.at, original.recordedAt)
    for (const { product, quantity } of lines) this.move(original.pharmacy, product, quantity, { at, recordedAt })
    this.entries.push({
      ...original,
      ...made,
      kind: 'reversal',
      lines,
      override: false,
      flags: [],
      reverses: original.id,
    })
  }

  overridesSince(pharmacy: number, since: number): number {
    return this.entries.filter((entry) => entry.override && entry.pharmacy === pharmacy && entry.recordedAt > since)
      .length
  }

  /** Everything lies further back, by so much that no reservation outlives it. */
  pass(ms: number): void {
    for (const hold of this.live()) hold.status = 'expired'
    for (const hold of this.holds) if (hold.cutAt !== undefined) hold.cutAt -= ms
    for (const entry of this.entries) Object.assign(entry, { at: entry.at - ms, recordedAt: entry.recordedAt - ms })
    for (const shelf of this.#shelves.values()) {
      if (shelf.countedAt !== null) shelf.countedAt -= ms
      for (const movement of shelf.movements) movement.at -= ms
    }
  }

  #receiptsOf(person: number): Receipt[] {
    return this.entries
      .filter((entry) => this.together(person).includes(entry.person))
      .flatMap(({ kind, lines, at }) =>
        lines.map(({ product, quantity }) => ({ product, quantity: kind === 'reversal' ? -quantity : quantity, at })),
      )
  }

  #shelf(pharmacy: number, product: Product): Shelf {
    return this.#shelves.get(`${pharmacy} ${product}`) ?? { onHand: 0, countedAt: null, movements: [] }
  }

  // The newest reservations give way to what a count or a loss leaves.
  #put(pharmacy: number, product: Product, shelf: Shelf, cutAt: number): void {
    this.#shelves.set(`${pharmacy} ${product}`, shelf)
    const here = this.live().filter((hold) => hold.pharmacy === pharmacy && hold.product === product)
    const newestFirst = here.reverse().sort((a, b) => b.createdAt - a.createdAt)
    for (const hold of newestFirst) {
      if (this.level(pharmacy, product).available >= 0) break
      Object.assign(hold, { status: 'cancelled', cancellationReason: 'stock_shortfall', cutAt })
    }
  }
}

/** The masks of one product in a list. */
export function total(items: readonly Line[], product: Product): number {
  return items.reduce((sum, item) => (item.product === product ? sum + item.quantity : sum), 0)
}
