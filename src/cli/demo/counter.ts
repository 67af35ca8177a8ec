import { inLanguage, phrase } from '../../domain/language.ts'
import { ENTRY } from './collecting.ts'
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

const STAYED = { en: '2 masks stayed on the shelf', fr: '2 masques sont restés en rayon' }

/** The pharmacist finds the reservation of a pick-up code. */
export async function lookUp({ tell }: Stage, pharmacist: Actor, { id, pickupCode }: Reservation): Promise<void> {
  await tell<Reservation>({
    heading: {
      en: 'At the counter she says her pick-up code, and the pharmacist looks it up.',
      fr: 'Au comptoir, elle donne son code de retrait, et le pharmacien le cherche.',
    },
    actor: pharmacist,
    method: 'POST',
    path: '/v1/reservations/lookup',
    body: { pickupCode },
    status: 200,
    show: ['id', 'product', 'quantity', 'createdAt', 'expiresAt', 'status'],
    claims: (found) => [
      [{ en: 'it is her reservation', fr: 'c’est bien son option' }, found.id === id && found.status === 'held'],
    ],
  })
}

/** The doctor tries for more at another pharmacy, which is refused because of what she received at the first. */
export async function tryElsewhere({ tell, cast }: Stage, second: FoundPharmacy): Promise<void> {
  await tell<{ code: string; remaining: Quantity[]; resetsAt: string | null; rule: { source: { title: string } } }>({
    heading: {
      en: phrase`Later she asks for 10 more surgical masks at ${second.name}, where what she received at the first pharmacy counts too.`,
      fr: phrase`Plus tard, elle demande 10 masques chirurgicaux de plus à ${second.name}, où ce qu’elle a reçu à la première officine compte aussi.`,
    },
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
    claims: ({ code, remaining, resetsAt, rule }) => [
      [
        { en: 'it is refused, as the rule leaves her 2', fr: 'c’est refusé, car la dotation lui en laisse 2' },
        code === 'entitlement_exceeded' && remaining[0]?.quantity === 2,
      ],
      [
        {
          en: 'the refusal names the rule, and when more will be left',
          fr: 'le refus nomme la dotation, et dit quand il en restera davantage',
        },
        rule.source.title !== '' && resetsAt !== null,
      ],
    ],
  })
}

/** The pharmacist takes part of the hand-over back. */
export function reverse({ tell, language }: Stage, pharmacist: Actor, dispensation: Entry): Promise<RecordedEntry> {
  return tell<RecordedEntry>({
    heading: {
      en: 'At the first pharmacy the pharmacist finds a mistake: only 2 of the 4 FFP2 masks were in the bag.',
      fr: 'À la première officine, le pharmacien découvre une erreur : seuls 2 des 4 masques FFP2 étaient dans le sac.',
    },
    actor: pharmacist,
    method: 'POST',
    path: `/v1/dispensations/${dispensation.id}/reversal`,
    keyed: true,
    body: { kind: 'entry_error', note: inLanguage(STAYED, language), lines: [{ product: 'ffp2', quantity: 2 }] },
    status: 201,
    show: [...ENTRY, 'reverses', 'recordedAt', 'remaining'],
    claims: ({ sequence, previousHash, reverses, remaining }) => [
      [
        { en: 'it is entry 2, and names the first', fr: 'c’est l’écriture 2, et elle nomme la première' },
        sequence === 2 && reverses === dispensation.id,
      ],
      [
        {
          en: 'it is chained to the first by its hash',
          fr: 'elle est chaînée à la première par son empreinte',
        },
        previousHash === dispensation.entryHash,
      ],
      [
        { en: '4 FFP2 masks are left to her', fr: 'il lui reste 4 masques FFP2' },
        includesAll(remaining, [{ product: 'ffp2', quantity: 4 }]),
      ],
    ],
  })
}

/** The regulator reads the doctor's history. */
export async function readHistory({ tell, cast }: Stage, first: Entry, second: Entry): Promise<void> {
  await tell<{ items: Entry[] }>({
    heading: {
      en: 'The health agency of Occitanie reads her history. That it did is itself recorded.',
      fr: 'L’agence de santé d’Occitanie lit son historique. Cette lecture est elle-même enregistrée.',
    },
    actor: cast.regulator,
    method: 'GET',
    path: `/v1/professionals/${doctor.id}/history`,
    status: 200,
    show: [...itemsWith(...ENTRY, 'recordedAt', 'flags', 'reverses'), 'nextCursor'],
    claims: ({ items }) => [
      [
        {
          en: 'both entries are there, the newest first, with the hashes that were given at the counter',
          fr: 'les deux écritures y sont, la plus récente en tête, avec les empreintes données au comptoir',
        },
        areEntries(items, [second, first]),
      ],
    ],
  })
}

function areEntries(items: Entry[], expected: Entry[]): boolean {
  const seals = (entries: Entry[]) =>
    entries.map(({ sequence, id, entryHash, previousHash }) => [sequence, id, entryHash, previousHash])
  return JSON.stringify(seals(items)) === JSON.stringify(seals(expected))
}
