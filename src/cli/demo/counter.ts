import { doctor } from './people.ts'
import {
  type Entry,
  type FoundPharmacy,
  includesAll,
  itemsWith,
  type Quantity,
  type RecordedEntry,
  type Reservation,
  type Stage,
} from './stage.ts'
import type { Actor } from './transcript.ts'

const ENTRY = ['id', 'kind', 'sequence', 'entryHash', 'previousHash', 'pharmacy', 'professional', 'lines']

/** The pharmacist finds the reservation of a pick-up code. */
export async function lookUp({ tell }: Stage, pharmacist: Actor, { id, pickupCode }: Reservation): Promise<void> {
  await tell<Reservation>({
    heading: 'At the counter she says her pick-up code, and the pharmacist looks it up.',
    actor: pharmacist,
    method: 'POST',
    path: '/v1/reservations/lookup',
    body: { pickupCode },
    status: 200,
    show: ['id', 'product', 'quantity', 'createdAt', 'expiresAt', 'status'],
    claims: (found) => ({ 'it is her reservation': found.id === id && found.status === 'held' }),
  })
}

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
  await tell<{ decision: string }>({
    heading:
      'She would like 4 FFP2 masks as well. Her card (CPS) is read, and the pharmacist asks whether that is allowed.',
    actor: pharmacist,
    method: 'POST',
    path: '/v1/dispensation-checks',
    body,
    status: 200,
    show: ['decision', 'code', 'remaining', 'held', 'rule.source.title', 'window', 'receivedInWindow'],
    claims: ({ decision }) => ({ 'it is allowed': decision === 'allow' }),
  })
  return tell<RecordedEntry>({
    heading: 'The masks are handed over, and the history has its first entry of her.',
    actor: pharmacist,
    method: 'POST',
    path: '/v1/dispensations',
    keyed: true,
    body,
    status: 201,
    show: [...ENTRY, 'dispensedAt', 'flags', 'reservations', 'remaining'],
    claims: ({ sequence, previousHash, reservations, remaining }) => ({
      'it is entry 1 of her history': sequence === 1 && previousHash === null,
      'the reservation is collected': reservations.some((each) => each.id === id && each.outcome === 'collected'),
      '2 masks of either product are left to her': includesAll(remaining, leftOfBoth(2)),
    }),
  })
}

/** The doctor tries for more at another pharmacy, which is refused because of what she received at the first. */
export async function tryElsewhere({ tell, cast }: Stage, second: FoundPharmacy): Promise<void> {
  await tell<{ code: string; remaining: Quantity[]; resetsAt: string | null; rule: { source: { title: string } } }>({
    heading: `Later she asks for 10 more surgical masks at ${second.name}, where what she received at the first pharmacy counts too.`,
    actor: await cast.pharmacist(second),
    method: 'POST',
    path: '/v1/dispensations',
    keyed: true,
    body: {
      professional: doctor.id,
      identityCheck: { method: 'cps_card' },
      lines: [{ product: 'surgical', quantity: 10 }],
    },
    status: 409,
    show: ['status', 'code', 'detail', 'remaining', 'resetsAt', 'rule', 'window'],
    claims: ({ code, remaining, resetsAt, rule }) => ({
      'it is refused, as the rule leaves her 2': code === 'entitlement_exceeded' && remaining[0]?.quantity === 2,
      'the refusal names the rule, and when more will be left': rule.source.title !== '' && resetsAt !== null,
    }),
  })
}

/** The pharmacist takes part of the hand-over back. */
export function reverse({ tell }: Stage, pharmacist: Actor, dispensation: Entry): Promise<RecordedEntry> {
  return tell<RecordedEntry>({
    heading: 'At the first pharmacy the pharmacist finds a mistake: only 2 of the 4 FFP2 masks were in the bag.',
    actor: pharmacist,
    method: 'POST',
    path: `/v1/dispensations/${dispensation.id}/reversal`,
    keyed: true,
    body: { kind: 'entry_error', note: '2 masks stayed on the shelf', lines: [{ product: 'ffp2', quantity: 2 }] },
    status: 201,
    show: [...ENTRY, 'reverses', 'recordedAt', 'remaining'],
    claims: ({ sequence, previousHash, reverses, remaining }) => ({
      'it is entry 2, and names the first': sequence === 2 && reverses === dispensation.id,
      'it is chained to the first by its hash': previousHash === dispensation.entryHash,
      '4 FFP2 masks are left to her': includesAll(remaining, [{ product: 'ffp2', quantity: 4 }]),
    }),
  })
}

/** The regulator reads the doctor's history. */
export async function readHistory({ tell, cast }: Stage, first: Entry, second: Entry): Promise<void> {
  await tell<{ items: Entry[] }>({
    heading: 'The health agency of Occitanie reads her history. That it did is itself recorded.',
    actor: cast.regulator,
    method: 'GET',
    path: `/v1/professionals/${doctor.id}/history`,
    status: 200,
    show: [...itemsWith(...ENTRY, 'recordedAt', 'flags', 'reverses'), 'nextCursor'],
    claims: ({ items }) => ({
      'both entries are there, the newest first, with the hashes that were given at the counter': areEntries(items, [
        second,
        first,
      ]),
    }),
  })
}

function leftOfBoth(quantity: number): Quantity[] {
  return ['surgical', 'ffp2'].map((product) => ({ product, quantity }))
}

function areEntries(items: Entry[], expected: Entry[]): boolean {
  const seals = (entries: Entry[]) =>
    entries.map(({ sequence, id, entryHash, previousHash }) => [sequence, id, entryHash, previousHash])
  return JSON.stringify(seals(items)) === JSON.stringify(seals(expected))
}
