import { deepEqual } from 'node:assert/strict'
import { leftOf, type Receipt, type Rule, turnsOf } from '../model/entitlement.ts'
import { fc } from './seed.ts'

export const PRODUCTS = ['surgical', 'ffp2'] as const

interface Line {
  product: (typeof PRODUCTS)[number]
  quantity: number
}

/** A hand-over in the order in which hand-overs occur; it may be told later than others that occur after it. */
export interface Fact {
  lines: Line[]
  override: boolean
  /** By how many places later than it occurs it arrives. */
  late: number
  /** How much of each line is taken back later. */
  back: number
}

/** Somebody whose hand-overs are told to the one ledger, each at `place` in the order of occurrence. */
export interface ToldPerson {
  handOver(lines: Line[], override: boolean, place: number, arrival: number): Promise<Told | 'refused'>
  reverse(id: string, lines: Line[], arrival: number): Promise<void>
  /** What is left of a product at the end, and when one mask more than that would be granted. */
  standing(product: string): Promise<Standing>
}

interface Told {
  id: string
  at: number
}

export interface Standing {
  received: number
  remaining: number
  resetsAt: number | null
}

/** What the ledger took, in the order of occurrence. */
interface Taken extends Told {
  place: number
  lines: Line[]
  back: Line[]
}

const line = fc.record({ product: fc.constantFrom(...PRODUCTS), quantity: fc.integer({ min: 1, max: 6 }) })

/** Hand-overs of one or both products, a third of them overrides, half of them taken back in part or whole. */
export const histories: fc.Arbitrary<Fact[]> = fc.array(
  fc.record({
    lines: fc.uniqueArray(line, { minLength: 1, maxLength: 2, selector: ({ product }) => product }),
    override: fc.nat(2).map((n) => n === 2),
    late: fc.oneof(fc.constant(0), fc.nat(10)),
    back: fc.constantFrom(0, 0, 2, 6),
  }),
  { minLength: 1, maxLength: 8, size: 'max' },
)

/** Tells a person's hand-overs and reversals in the order of arrival; says what was taken. */
export async function tell(person: ToldPerson, history: readonly Fact[]): Promise<Taken[]> {
  const taken: Taken[] = []
  const steps = history.flatMap(({ lines, override, late, back }, place) => {
    const turn = place + late + 0.5 + place / 1_000
    const turnBack = turn + (late % 4) + 0.2
    return [
      {
        turn,
        send: async () => {
          const told = await person.handOver(lines, override, place, turn)
          if (told !== 'refused') taken.push({ ...told, place, lines, back: [] })
        },
      },
      {
        turn: turnBack,
        send: async () => {
          const original = taken.find((each) => each.place === place)
          if (!original || back === 0) return
          original.back = lines.map(({ product, quantity }) => ({ product, quantity: Math.min(back, quantity) }))
          await person.reverse(original.id, original.back, turnBack)
        },
      },
    ]
  })
  for (const { send } of steps.sort((a, b) => a.turn - b.turn)) await send()
  return taken.sort((a, b) => a.place - b.place)
}

/** Tells somebody else the same, as it occurred, without what was refused when it arrived; the rest is forced. */
export async function replay(person: ToldPerson, taken: readonly Taken[]): Promise<void> {
  for (const { place, lines, back } of taken) {
    const told = await person.handOver(lines, true, place, place)
    if (told === 'refused') throw new Error('an override was refused')
    if (back.length > 0) await person.reverse(told.id, back, place + 0.5)
  }
}

/** What is left by the definition: the newest rule's caps over all that was taken and not taken back in its window. */
export function standingOf(rule: Rule, taken: readonly Taken[], product: string, at: number): Standing {
  const receipts = taken.flatMap(({ at, lines, back }): Receipt[] => [
    ...lines.map((each) => ({ ...each, at })),
    ...back.map((each) => ({ ...each, quantity: -each.quantity, at })),
  ])
  const leftAt = (then: number) => leftOf(rule, product, then, receipts, [])
  const { received, remaining } = leftAt(at)
  const turns = turnsOf([rule], receipts).filter((turn) => turn >= at)
  const resetsAt = turns.sort((a, b) => a - b).find((turn) => leftAt(turn).remaining > remaining) ?? null
  return { received, remaining, resetsAt }
}

/** Both people end with what the definition says, whatever order they were told it in. */
export async function agree(
  [told, replayed]: readonly [ToldPerson, ToldPerson],
  definition: (product: string) => Standing,
): Promise<void> {
  for (const product of PRODUCTS) {
    const standing = await told.standing(product)
    deepEqual(standing, definition(product), product)
    deepEqual(await replayed.standing(product), standing, `${product} in the order of occurrence`)
  }
}
