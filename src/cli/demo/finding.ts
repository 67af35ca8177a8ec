import { iso } from '../../domain/instant.ts'
import { doctor } from './people.ts'
import { type FoundPharmacy, itemsWith, type Reservation, type Stage } from './stage.ts'
import type { Actor } from './transcript.ts'

const WANTED = 12

/** A pharmacy declares what it has: a count, and a delivery. */
export async function declare({ tell, home, at }: Stage, pharmacist: Actor): Promise<void> {
  const counted = await tell<{ onHand: number; held: number; observedAt: string }>({
    heading: `${home.name} in Balma, at the edge of Toulouse, counts its surgical masks.`,
    actor: pharmacist,
    method: 'PUT',
    path: `/v1/pharmacies/${home.finess}/stock/surgical`,
    body: { onHand: 40, countedAt: iso(at) },
    status: 201,
    show: ['product', 'onHand', 'held', 'available', 'observedAt'],
    claims: ({ onHand, held }) => ({ '40 masks are on hand, and none is set aside': onHand === 40 && held === 0 }),
  })
  await tell<{ stock: { available: number } }>({
    heading: 'Two boxes of 20 FFP2 masks are delivered there.',
    actor: pharmacist,
    method: 'POST',
    path: `/v1/pharmacies/${home.finess}/stock-movements`,
    keyed: true,
    body: { product: 'ffp2', kind: 'delivery', quantity: 40, occurredAt: counted.observedAt, reference: 'BL-2044' },
    status: 201,
    show: ['id', 'product', 'kind', 'quantity', 'change', 'reference', 'stock.onHand', 'stock.held', 'stock.available'],
    claims: ({ stock }) => ({ '40 FFP2 masks are available': stock.available === 40 }),
  })
}

/** The doctor looks for masks; returns the second nearest pharmacy that has them. */
export async function find({ tell, home, cast }: Stage): Promise<{ second: FoundPharmacy }> {
  const { latitude, longitude } = doctor.practice
  const { items } = await tell<{ items: [FoundPharmacy, FoundPharmacy, FoundPharmacy] }>({
    heading: `Dr ${doctor.familyName} looks for ${WANTED} surgical masks around her practice in Balma.`,
    actor: cast.doctor,
    method: 'GET',
    path: `/v1/pharmacies?near=${latitude},${longitude}&product=surgical&quantity=${WANTED}&limit=3`,
    status: 200,
    show: itemsWith('finess', 'name', 'address', 'distanceMetres', 'available', 'observedAt'),
    claims: ({ items: found }) => ({
      'three pharmacies have them, the nearest first': found.length === 3 && isAscending(found),
      [`the nearest is ${home.name}`]: found[0].finess === home.finess,
    }),
  })
  return { second: items[1] }
}

/** The doctor reads her entitlement. */
export async function askEntitlement(
  { tell, cast }: Stage,
  heading: string,
  left: { surgical: number; ffp2: number },
): Promise<void> {
  await tell<{ items: { product: string; remaining: number }[] }>({
    heading,
    actor: cast.doctor,
    method: 'GET',
    path: '/v1/entitlements/me',
    status: 200,
    show: itemsWith('product', 'cap', 'received', 'held', 'remaining', 'rule.source.title', 'window'),
    claims: ({ items }) => ({
      [`she may receive ${left.surgical} surgical masks more, or ${left.ffp2} FFP2 masks`]: Object.entries(left).every(
        ([product, remaining]) => items.some((item) => item.product === product && item.remaining === remaining),
      ),
    }),
  })
}

/** The doctor reserves without naming a pharmacy. */
export function reserve({ tell, home, cast }: Stage): Promise<Reservation> {
  return tell<Reservation>({
    heading: `She has ${WANTED} set aside. She names no pharmacy: the service takes the nearest that has them all.`,
    actor: cast.doctor,
    method: 'POST',
    path: '/v1/reservations',
    keyed: true,
    body: { product: 'surgical', quantity: WANTED },
    status: 201,
    show: [
      ...['id', 'product', 'quantity', 'pharmacy.finess', 'pharmacy.name', 'pharmacy.address', 'distanceMetres'],
      ...['pickupCode', 'createdAt', 'expiresAt', 'status'],
    ],
    claims: ({ pharmacy, status }) => ({
      [`${home.name} holds them for her`]: pharmacy.finess === home.finess && status === 'held',
    }),
  })
}

function isAscending(found: FoundPharmacy[]): boolean {
  return found.every(({ distanceMetres }, index) => distanceMetres >= (found[index - 1]?.distanceMetres ?? 0))
}
