import { validate as isUuid, version as uuidVersion } from 'uuid'
import type { Database } from '../../db/database.ts'
import { invalid, Rejection } from '../../domain/refusals.ts'
import { readLogEnds } from '../../store/event-log.ts'
import { placeOfEvent } from '../../store/events.ts'

// An event that only a lost server knew: everything since a little before it is told again.
const BEFORE_LOST_MS = 60_000

/** A place in the log as callers keep it. */
export function cursorOf(place: number): string {
  return place.toString(36)
}

/** The place in the log after which a caller wants to read. Rejects what this service did not give. */
export async function placeAfter(db: Database, after: string | undefined): Promise<number> {
  if (after === undefined) return (await readLogEnds(db)).gone
  if (after === 'latest') return (await readLogEnds(db)).last
  if (/^[0-9a-z]{1,10}$/.test(after)) return Number.parseInt(after, 36)
  if (!isUuid(after) || uuidVersion(after) !== 7) throw invalid('after', notOurs)
  const madeMs = Number.parseInt(after.replace('-', '').slice(0, 12), 16)
  return (await placeOfEvent(db, after)) ?? (madeMs - BEFORE_LOST_MS) * 1000
}

/** Throws `events_gone` if events after this place have been forgotten. */
export function requireKept(after: number, gone: number): void {
  if (after >= gone) return
  throw new Rejection('events_gone', {
    en: 'Events after that place are no longer kept. Read what you need anew, then follow from `after=latest`.',
    fr: 'Des événements survenus après cette position ne sont plus conservés. Relisez ce qu’il vous faut, puis suivez à partir de `after=latest`.',
  })
}

const notOurs = {
  en: 'is neither a cursor that this service gave nor the id of an event',
  fr: 'n’est ni un curseur donné par ce service ni l’identifiant d’un événement',
}
