import type { Instant } from '../../domain/instant.ts'
import type { Language } from '../../domain/language.ts'
import type { Verifier } from '../../domain/signed-note.ts'
import type { Cast } from './cast.ts'
import type { DemoPharmacy } from './places.ts'
import type { Tell } from './transcript.ts'

/** What the story needs. */
export interface Stage {
  tell: Tell
  /** In which it is told. */
  language: Language
  /** Where the service listens. */
  url: string
  /** The keys that verify the log's notes. */
  ledgerKeys: Verifier[]
  cast: Cast
  /** The pharmacy next to the doctor's practice, whose shelves are still empty. */
  home: DemoPharmacy
  /** The database's clock, before the story begins. */
  at: Instant
}

/** The parts of answers that the story uses later. */
export interface Quantity {
  product: string
  quantity: number
}

export interface FoundPharmacy {
  finess: string
  name: string
  distanceMetres: number
}

export interface Reservation {
  id: string
  product: string
  quantity: number
  pickupCode: string
  pharmacy: { finess: string }
  status: string
}

export interface Entry {
  id: string
  kind: string
  sequence: number
  entryHash: string
  previousHash: string | null
  reverses: string | null
}

export interface RecordedEntry extends Entry {
  receipt: string
  remaining: Quantity[]
  reservations: { id: string; outcome: string }[]
}

/** Whether every one of these quantities is in the list. */
export function includesAll(list: readonly Quantity[], expected: readonly Quantity[]): boolean {
  return expected.every(({ product, quantity }) =>
    list.some((each) => each.product === product && each.quantity === quantity),
  )
}

/** Paths of members within the items of a list. */
export function itemsWith(...names: string[]): string[] {
  return names.map((name) => `items.${name}`)
}
