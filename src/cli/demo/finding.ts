import { iso } from '../../domain/instant.ts'
import { phrase, type Text } from '../../domain/language.ts'
import { doctor } from './people.ts'
import { type FoundPharmacy, itemsWith, type Reservation, type Stage } from './stage.ts'
import type { Actor } from './transcript.ts'

const WANTED = 12

/** A pharmacy declares what it has: a count, and a delivery. */
export async function declare({ tell, home, at }: Stage, pharmacist: Actor): Promise<void> {
  const counted = await tell<{ onHand: number; held: number; observedAt: string }>({
    heading: {
      en: phrase`${home.name} in Balma, at the edge of Toulouse, counts its surgical masks.`,
      fr: phrase`${home.name}, à Balma, aux portes de Toulouse, compte ses masques chirurgicaux.`,
    },
    actor: pharmacist,
    method: 'PUT',
    path: `/v1/pharmacies/${home.finess}/stock/surgical`,
    body: { onHand: 40, countedAt: iso(at) },
    status: 201,
    show: ['product', 'onHand', 'held', 'available', 'observedAt'],
    claims: ({ onHand, held }) => [[fortyOnHand, onHand === 40 && held === 0]],
  })
  await tell<{ stock: { available: number } }>({
    heading: {
      en: 'Two boxes of 20 FFP2 masks are delivered there.',
      fr: 'Deux boîtes de 20 masques FFP2 y sont livrées.',
    },
    actor: pharmacist,
    method: 'POST',
    path: `/v1/pharmacies/${home.finess}/stock-movements`,
    keyed: true,
    body: { product: 'ffp2', kind: 'delivery', quantity: 40, occurredAt: counted.observedAt, reference: 'BL-2044' },
    status: 201,
    show: ['id', 'product', 'kind', 'quantity', 'change', 'reference', 'stock.onHand', 'stock.held', 'stock.available'],
    claims: ({ stock }) => [[fortyAvailable, stock.available === 40]],
  })
}

/** The doctor looks for masks; returns the second nearest pharmacy that has them. */
export async function find({ tell, home, cast }: Stage): Promise<{ second: FoundPharmacy }> {
  const { latitude, longitude } = doctor.practice
  const { items } = await tell<{ items: [FoundPharmacy, FoundPharmacy, FoundPharmacy] }>({
    heading: {
      en: phrase`Dr ${doctor.familyName} looks for ${WANTED} surgical masks around her practice in Balma.`,
      fr: phrase`La Dre ${doctor.familyName} cherche ${WANTED} masques chirurgicaux autour de son cabinet de Balma.`,
    },
    actor: cast.doctor,
    method: 'GET',
    path: `/v1/pharmacies?near=${latitude},${longitude}&product=surgical&quantity=${WANTED}&limit=3`,
    status: 200,
    show: itemsWith('finess', 'name', 'address', 'distanceMetres', 'available', 'observedAt'),
    claims: ({ items: found }) => [
      [threeHave, found.length === 3 && isAscending(found)],
      [
        { en: phrase`the nearest is ${home.name}`, fr: phrase`la plus proche est ${home.name}` },
        found[0].finess === home.finess,
      ],
    ],
  })
  return { second: items[1] }
}

/** The doctor reads her entitlement. */
export async function askEntitlement(
  { tell, cast }: Stage,
  heading: Text,
  left: { surgical: number; ffp2: number },
): Promise<void> {
  await tell<{ items: { product: string; remaining: number }[] }>({
    heading,
    actor: cast.doctor,
    method: 'GET',
    path: '/v1/entitlements/me',
    status: 200,
    show: itemsWith('product', 'cap', 'received', 'held', 'remaining', 'rule.source.title', 'window'),
    claims: ({ items }) => [
      [
        mayReceive(left),
        Object.entries(left).every(([product, remaining]) =>
          items.some((item) => item.product === product && item.remaining === remaining),
        ),
      ],
    ],
  })
}

/** The doctor reserves without naming a pharmacy. */
export function reserve({ tell, home, cast }: Stage): Promise<Reservation> {
  return tell<Reservation>({
    heading: {
      en: phrase`She has ${WANTED} set aside. She names no pharmacy: the service takes the nearest that has them all.`,
      fr: phrase`Elle en fait mettre ${WANTED} de côté. Elle ne nomme pas d’officine : le service prend la plus proche qui les a tous.`,
    },
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
    claims: ({ pharmacy, status }) => [
      [
        { en: phrase`${home.name} holds them for her`, fr: phrase`${home.name} les garde pour elle` },
        pharmacy.finess === home.finess && status === 'held',
      ],
    ],
  })
}

const fortyOnHand: Text = {
  en: '40 masks are on hand, and none is set aside',
  fr: '40 masques sont en stock, et aucun n’est optionné',
}
const fortyAvailable: Text = { en: '40 FFP2 masks are available', fr: '40 masques FFP2 sont disponibles' }
const threeHave: Text = {
  en: 'three pharmacies have them, the nearest first',
  fr: 'trois officines les ont, la plus proche en tête',
}

function mayReceive({ surgical, ffp2 }: { surgical: number; ffp2: number }): Text {
  return {
    en: phrase`she may receive ${surgical} surgical masks more, or ${ffp2} FFP2 masks`,
    fr: phrase`elle peut encore recevoir ${surgical} masques chirurgicaux, ou ${ffp2} masques FFP2`,
  }
}

function isAscending(found: FoundPharmacy[]): boolean {
  return found.every(({ distanceMetres }, index) => distanceMetres >= (found[index - 1]?.distanceMetres ?? 0))
}
