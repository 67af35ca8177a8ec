import { doctor } from './people.ts'
import { includesAll, type Quantity, type RecordedEntry, type Reservation, type Stage } from './stage.ts'
import type { Actor, Claim } from './transcript.ts'

/** What the story shows of an entry. */
export const ENTRY = ['id', 'kind', 'sequence', 'entryHash', 'previousHash', 'pharmacy', 'professional', 'lines']

/** The pharmacist asks what a hand-over would be answered, then makes it. */
export async function collect(
  { tell }: Stage,
  pharmacist: Actor,
  { id, pickupCode, product, quantity }: Reservation,
): Promise<RecordedEntry> {
  const body = {
    professional: doctor.id,
    identityCheck: { method: 'cps_card' },
    lines: [
      { product, quantity },
      { product: 'ffp2', quantity: 4 },
    ],
    reservations: [{ id, pickupCode }],
  }
  await ask(tell, pharmacist, body)
  return tell<RecordedEntry>({
    heading: {
      en: 'The masks are handed over, and the history has its first entry of her.',
      fr: 'Les masques sont remis, et l’historique a sa première écriture à son sujet.',
    },
    actor: pharmacist,
    method: 'POST',
    path: '/v1/dispensations',
    keyed: true,
    body,
    status: 201,
    show: [...ENTRY, 'dispensedAt', 'flags', 'reservations', 'remaining'],
    claims: (entry) => collectedClaims(entry, id),
  })
}

function collectedClaims({ sequence, previousHash, reservations, remaining }: RecordedEntry, id: string): Claim[] {
  return [
    [
      { en: 'it is entry 1 of her history', fr: 'c’est l’écriture 1 de son historique' },
      sequence === 1 && previousHash === null,
    ],
    [
      { en: 'the reservation is collected', fr: 'l’option est retirée' },
      reservations.some((each) => each.id === id && each.outcome === 'collected'),
    ],
    [
      { en: '2 masks of either product are left to her', fr: 'il lui reste 2 masques de l’un ou l’autre type' },
      includesAll(remaining, leftOfBoth(2)),
    ],
  ]
}

async function ask(tell: Stage['tell'], pharmacist: Actor, body: object): Promise<void> {
  await tell<{ decision: string }>({
    heading: {
      en: 'She would like 4 FFP2 masks as well. Her card (CPS) is read, and the pharmacist asks whether that is allowed.',
      fr: 'Elle voudrait aussi 4 masques FFP2. Sa carte CPS est lue, et le pharmacien demande si cela est permis.',
    },
    actor: pharmacist,
    method: 'POST',
    path: '/v1/dispensation-checks',
    body,
    status: 200,
    show: ['decision', 'code', 'remaining', 'held', 'rule.source.title', 'window', 'receivedInWindow'],
    claims: ({ decision }) => [[{ en: 'it is allowed', fr: 'cela est permis' }, decision === 'allow']],
  })
}

function leftOfBoth(quantity: number): Quantity[] {
  return ['surgical', 'ffp2'].map((product) => ({ product, quantity }))
}
