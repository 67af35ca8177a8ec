import { available, type Shelf } from '../domain/shelf.ts'

/** What happened, for those who follow the events. Never a national number. */
export interface EventRecord {
  type: string
  subject: string
  ids: Record<string, string>
}

/** The event of something that happened to a reservation. */
export function reservationEvent(
  type: 'reservation.created' | 'reservation.cancelled' | 'reservation.expired' | 'reservation.collected',
  { id, pharmacy, product, personId }: { id: string; pharmacy: string; product: string; personId: string },
): EventRecord {
  return { type, subject: id, ids: { reservation: id, pharmacy, product, person: personId } }
}

/** The events of shelves that ran out or have some again. */
export function turningPoints(before: readonly Shelf[], after: readonly Shelf[]): EventRecord[] {
  return after.flatMap((shelf) => {
    const was = before.find(({ pharmacy, product }) => pharmacy === shelf.pharmacy && product === shelf.product)
    const had = was !== undefined && available(was) > 0
    const has = available(shelf) > 0
    if (had === has) return []
    const { pharmacy, product } = shelf
    return [{ type: has ? 'stock.replenished' : 'stock.depleted', subject: pharmacy, ids: { pharmacy, product } }]
  })
}
