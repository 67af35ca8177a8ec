import type { Draw } from '../../src/domain/effects.ts'
import type { LockedHold } from '../../src/domain/holds.ts'
import { type Instant, instantOf } from '../../src/domain/instant.ts'
import type { Shelf } from '../../src/domain/shelf.ts'

/** When everything in these tests is decided. */
export const AT: Instant = instantOf('2020-05-14T09:00:00+02:00')

/** Ids in a row and a salt of zeros, so that the same facts always have the same effects. */
export function exampleDraw(): Draw {
  let drawn = 0
  return { id: () => `drawn-${++drawn}`, salt: () => Buffer.alloc(32) }
}

/** A shelf of a hundred surgical masks at the pharmacy `here`, with the given parts changed. */
export function exampleShelf(changes: Partial<Shelf> = {}): Shelf {
  return { pharmacy: 'here', product: 'surgical', onHand: 100, held: 0, version: 7, countedAt: null, ...changes }
}

/** A reservation of five masks on that shelf, live until a minute later, with the given parts changed. */
export function exampleHold(changes: Partial<LockedHold> = {}): LockedHold {
  const what = { id: 'hold', personId: 'somebody', pharmacy: 'here', product: 'surgical', quantity: 5 }
  return { ...what, createdAt: AT - 60_000, expiresAt: AT + 60_000, ...changes }
}
