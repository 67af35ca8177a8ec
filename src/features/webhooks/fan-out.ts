import type { Database, Queryable } from '../../db/database.ts'
import type { EventType } from '../../domain/event-types.ts'
import { logEvents } from '../../store/event-log.ts'
import { type FoundEvents, type PlacedEvent, readEvents } from '../../store/events.ts'
import { fillLanes, OF_NONE, type Stretch } from './lane-queries.ts'
import { endpointsBehind, hasEndpoints, readerFor, readTold, type Told } from './told-queries.ts'

const BATCH = 500

/**
 * Puts what has happened since into the lanes of every endpoint that is to be told of it, and returns whether there is
 * more. Where an endpoint is in the events moves in the same statement as its lanes, so a crash loses nothing.
 */
export async function fanOut(db: Database): Promise<boolean> {
  if (!(await hasEndpoints(db.readings))) return false
  await logEvents(db)
  const behind = await endpointsBehind(db.readings)
  let more = false
  for (const id of behind) more = (await tell(db, id)) || more
  return more
}

async function tell(db: Database, id: string): Promise<boolean> {
  const told = await readTold(db, id, null)
  if (!told) return false
  const { found, place, more } = await eventsFor(db, told, { after: told.position, limit: BATCH })
  await fillLanes(db, id, { from: told.position, to: place }, stretchesOf(found))
  return more
}

/** The next events that an endpoint is told of, by what its client may read now. */
export async function eventsFor(
  db: Queryable,
  told: Told,
  part: { after: number; limit: number },
): Promise<FoundEvents> {
  const types = told.types.length === 0 ? undefined : (told.types as EventType[])
  const events = await readEvents(db, readerFor(told), { types }, part)
  return { ...events, found: events.found.filter((each) => isNamed(told, laneOf(each))) }
}

/** The lane of an event: its pharmacy, if it is about one. */
export function laneOf({ event }: PlacedEvent): string {
  const { pharmacy } = event.data
  return typeof pharmacy === 'string' ? pharmacy : OF_NONE
}

function isNamed({ pharmacies }: Told, pharmacy: string): boolean {
  return pharmacies === null || pharmacy === OF_NONE || pharmacies.includes(pharmacy)
}

function stretchesOf(found: readonly PlacedEvent[]): Stretch[] {
  const lanes = Map.groupBy(found, laneOf)
  return [...lanes].map(([pharmacy, events]) => ({
    pharmacy,
    first: events[0]?.place ?? 0,
    newest: events.at(-1)?.place ?? 0,
  }))
}
