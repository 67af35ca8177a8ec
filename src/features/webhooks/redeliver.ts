import { randomInt } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { row } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'
import { noSuch } from '../../domain/named.ts'
import { invalid, isRefusal, type Refusal } from '../../domain/refusals.ts'
import { lockLive } from './endpoints.ts'
import { eventsFor, laneOf } from './fan-out.ts'
import { OF_TESTS, putBack } from './lane-queries.ts'
import type { Redelivery } from './schema.ts'
import { readTold, type Told } from './told-queries.ts'

const MOST = 10_000
const PAGE = 500
// Events have their places a moment after they happened, by a clock that a fail-over may have put back.
const LATEST_LOGGED_MS = 15 * 60_000

interface Place {
  pharmacy: string
  place: number
}

/** Sends a test in its turn, once; its id. Throws `not_found`. */
export async function sendTest(
  tx: Transaction,
  client: string,
  endpoint: string,
): Promise<{ event: string } | Refusal> {
  const live = await lockLive(tx, client, endpoint)
  if (isRefusal(live)) return live
  const test = uuidv7()
  // Tests have no place among the events; any will do that no other test has.
  await putBack(tx, endpoint, [{ pharmacy: OF_TESTS, place: randomInt(2 ** 47), test }])
  return { event: test }
}

/**
 * Has events delivered once more: one, or those of a time, as far as the client may read them now; how many. Throws
 * `not_found`.
 */
export async function redeliver(
  tx: Transaction,
  client: string,
  endpoint: string,
  wanted: Redelivery,
): Promise<{ events: number } | Refusal> {
  const live = await lockLive(tx, client, endpoint)
  if (isRefusal(live)) return live
  const told = await readTold(tx, endpoint, null)
  if (!told) throw noSuch('webhook')
  const places = await placesOf(tx, told, wanted)
  await putBack(tx, endpoint, places)
  return { events: places.length }
}

async function placeOf(tx: Transaction, told: Told, id: string) {
  const known = await row<{ place: number }>(
    tx,
    'place_in_log',
    sql`select place::float8 as place from event_log where id = ${id}::uuid`,
  )
  const [found] = known ? (await eventsFor(tx, told, { after: known.place - 1, limit: 1 })).found : []
  if (found?.event.id !== id) throw noSuch('event')
  return [{ pharmacy: laneOf(found), place: found.place }]
}

function placesOf(tx: Transaction, told: Told, { event, from, to }: Redelivery): Promise<Place[]> {
  if (event !== undefined && from === undefined && to === undefined) return placeOf(tx, told, event)
  if (event !== undefined || from === undefined || to === undefined) throw invalid('event', oneWay)
  return placesBetween(tx, told, { from, to })
}

async function placesBetween(tx: Transaction, told: Told, { from, to }: { from: Instant; to: Instant }) {
  if (to <= from) throw invalid('to', { en: 'must lie after `from`', fr: 'doit être postérieur à `from`' })
  const places: Place[] = []
  // A place is no earlier than the microsecond in which its event happened.
  for (let after = from * 1_000 - 1, more = true; more; ) {
    const events = await eventsFor(tx, told, { after, limit: PAGE })
    for (const each of events.found) {
      const at = Date.parse(each.event.at)
      if (at >= from && at < to) places.push({ pharmacy: laneOf(each), place: each.place })
    }
    if (places.length > MOST) throw invalid('to', tooMany)
    after = events.place
    more = events.more && after < (to + LATEST_LOGGED_MS) * 1_000
  }
  return places
}

const oneWay = {
  en: 'is named alone, or `from` and `to` are',
  fr: 'est nommé seul, ou bien `from` et `to` le sont',
}
const tooMany = {
  en: 'names more than 10,000 events: name a shorter time',
  fr: 'désigne plus de 10 000 événements : nommez une durée plus courte',
}
