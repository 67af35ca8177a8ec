import type { Database } from '../../db/database.ts'
import type { EventType } from '../../domain/event-types.ts'
import { iso } from '../../domain/instant.ts'
import type { Guard } from '../../http/targets/guard.ts'
import { type Posted, post } from '../../http/targets/post.ts'
import type { WebhookKeys } from '../../keys/webhook-keys.ts'
import { type LoggedEvent, readEvents } from '../../store/events.ts'
import { consequenceOf } from './consequence.ts'
import { recordAttempt } from './delivery-queries.ts'
import { closeLane, dropAgain, type Lane, type LaneState, OF_NONE, OF_TESTS, recallLanes } from './lane-queries.ts'
import { signaturesOf } from './signing.ts'
import { readerFor, readTold, type Told } from './told-queries.ts'

/** What delivering takes. */
export interface Delivering {
  db: Database
  guard: Guard
  keys: WebhookKeys
  timeoutMs: number
}

/**
 * How work on a lane ended: with nothing left, at an event that failed (the first, or after others had arrived), or
 * because its time was over.
 */
export type LaneEnd = 'done' | 'failed' | 'stumbled' | 'more'

/** Delivers what waits in a lane, one event after the other, until one fails or the time is over. */
export async function deliverLane(delivering: Delivering, lane: Lane, isOver: () => boolean): Promise<LaneEnd> {
  for (let delivered = 0; ; delivered++) {
    if (isOver()) return 'more'
    const outcome = await deliverNext(delivering, lane)
    if (outcome === 'nothing') return 'done'
    if (outcome === 'failed') return delivered === 0 ? 'failed' : 'stumbled'
  }
}

/** What is next in a lane. */
interface Item {
  event: Omit<LoggedEvent, 'type'> & { type: string }
  place: number
  isAgain: boolean
}

async function deliverNext(delivering: Delivering, lane: Lane): Promise<'through' | 'failed' | 'nothing'> {
  const { db } = delivering
  const told = await readTold(db, lane.endpoint, lane.pharmacy)
  if (!told?.lane || !isOpen(told, lane)) return 'nothing'
  const next = await nextOf(db, told, told.lane, lane)
  if (next === undefined)
    return (await closeLane(db, lane, told.lane.wakes)) ? 'nothing' : deliverNext(delivering, lane)
  const started = performance.now()
  const posted = await send(delivering, told, next)
  const { outcome, status, fault } = consequenceOf(posted, told, told.lane, lane.pharmacy === OF_TESTS)
  const { at } = told
  await recordAttempt(db, lane, {
    ...{
      event: next.event.id,
      type: next.event.type,
      at,
      place: next.place,
      isAgain: next.isAgain,
      outcome,
      status,
      fault,
    },
    httpStatus: posted.status,
    durationMs: Math.round(performance.now() - started),
  })
  if (status === 'active') await recallLanes(db, { endpoint: lane.endpoint })
  return outcome === 'failed' ? 'failed' : 'through'
}

// A test is sent even where nothing else is.
function isOpen({ client, status }: Told, { pharmacy }: Lane): boolean {
  return client.isActive && (status === 'active' || (status === 'paused' && pharmacy === OF_TESTS))
}

async function nextOf(db: Database, told: Told, state: LaneState, lane: Lane): Promise<Item | undefined> {
  const { again, test } = state
  if (again !== null && test !== null) {
    return { event: { id: test, type: 'webhook.test', at: iso(told.at), data: {} }, place: again, isAgain: true }
  }
  if (again !== null) {
    const found = await eventAfter(db, told, lane, again - 1, again)
    if (found) return { ...found, isAgain: true }
    await dropAgain(db, lane, again)
    return nextOf(db, told, { ...state, again: null, test: null }, lane)
  }
  const found = await eventAfter(db, told, lane, state.position, state.newest)
  return found && { ...found, isAgain: false }
}

/** The lane's first event behind a place and up to another that its client may read now. */
async function eventAfter(db: Database, told: Told, { pharmacy }: Lane, after: number, upTo: number) {
  const types = told.types.length === 0 ? undefined : (told.types as EventType[])
  const wanted = { types, pharmacy: pharmacy === OF_NONE ? undefined : pharmacy }
  // Recorded once, however often it is tried: it is the same reading.
  const reading =
    told.lane?.failingSince === null ? { reader: { role: told.client.role, subject: told.client.id } } : undefined
  for (let from = after; from < upTo; ) {
    const { found, place } = await readEvents(db, readerFor(told, pharmacy), wanted, { after: from, limit: 1 }, reading)
    const [first] = found
    if (first) return first.place <= upTo ? first : undefined
    from = place
  }
  return undefined
}

function send({ guard, keys, timeoutMs }: Delivering, told: Told, { event }: Item): Promise<Posted> {
  const message = { id: event.id, at: Math.floor(told.at / 1000), body: JSON.stringify(event) }
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'gomask',
    'webhook-id': message.id,
    'webhook-timestamp': String(message.at),
    'webhook-signature': signaturesOf(keys, told.signing, told.seeds, message),
  }
  return post(guard, told.url, { headers, body: message.body }, timeoutMs)
}
