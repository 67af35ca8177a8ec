import { deepEqual } from 'node:assert/strict'
import type { Answer, Service } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { must, type World } from '../support/world.ts'
import type { Rule } from './entitlement.ts'
import { Model, PHARMACIES_AT, PRACTICES_AT, PRODUCTS, type Product } from './model.ts'

const KM_A_DEGREE = 111.2
const DAY_MS = 86_400_000

/** A corner of the country in which nobody else lives: three pharmacies on a line, three professionals, their rules. */
export interface Reality {
  service: Service
  places: { finess: string; token: string }[]
  people: { id: string; token: string }[]
  admin: string
  /** Steps taken so far. */
  played: number
  /** What their keyed POSTs were answered. */
  posted: Answer[]
  point(km: number): { latitude: number; longitude: number }
  /** Sends a keyed POST and, where it succeeded, sends it again: the answer must be the same. */
  post(path: string, token: string, body: object): Promise<Answer>
}

/** Puts the nth corner into the service, and the model of it, in which nothing has happened yet. */
export async function makeReality(service: Service, world: World, n: number): Promise<{ model: Model; real: Reality }> {
  const origin = { latitude: 43 + (n % 40) * 0.2, longitude: -4 + Math.floor(n / 40) * 0.4 }
  const kmADegree = KM_A_DEGREE * Math.cos((origin.latitude * Math.PI) / 180)
  const point = (km: number) => ({ ...origin, longitude: origin.longitude + km / kmADegree })
  const number = (index: number) => n * 3 + index + 1
  const professions = [`A${n}`, `A${n}`, `B${n}`]
  const places = await Promise.all(PHARMACIES_AT.map((km, i) => world.pharmacy(number(i), point(km))))
  const people = await Promise.all(
    PRACTICES_AT.map((km, i) =>
      world.professional(number(i), { profession: professions[i], practice: { ...point(km), territory: 'FR-31' } }),
    ),
  )
  const posted: Answer[] = []
  const real: Reality = {
    service,
    places,
    people,
    admin: world.admin,
    played: 0,
    posted,
    point,
    post: poster(service, posted),
  }
  const model = new Model(professions, [])
  // Weeks are counted in pairs from the Monday before three and a half days ago: the next pair begins in three days or
  // more, and never in the middle of a run.
  const from = Date.now() - 3.5 * DAY_MS
  const ofNurses = { profession: `A${n}`, products: ['surgical', 'ffp2'], cap: 12, subCaps: { ffp2: 5 } }
  await publish(model, real, { ...ofNurses, window: { weeks: 2 }, from })
  const ofDoctors = { profession: `B${n}`, subCaps: {}, from }
  await publish(model, real, { ...ofDoctors, products: ['surgical'], cap: 8, window: { days: 3 } })
  await publish(model, real, { ...ofDoctors, products: ['ffp2'], cap: 6, window: { weeks: 2 } })
  for (const product of PRODUCTS) await declare(model, real, world, product)
  return { model, real }
}

/** Two of the pharmacies have something from the start. */
async function declare(model: Model, { places }: Reality, world: World, product: Product): Promise<void> {
  for (const [pharmacy, place] of places.slice(0, 2).entries()) {
    const { body } = must(201, await world.count(place, 12, product))
    const recordedAt = Date.parse(body.observedAt)
    model.count(pharmacy, product, 12, { countedAt: recordedAt, recordedAt })
  }
}

/** Publishes a rule in both. */
export async function publish(model: Model, { service, admin }: Reality, rule: Omit<Rule, 'id'>): Promise<void> {
  const { profession, products, cap, subCaps, window, from } = rule
  const body = {
    beneficiaries: [{ profession }],
    products,
    cap,
    subCaps: Object.entries(subCaps).map(([product, most]) => ({ product, cap: most })),
    window:
      'weeks' in window
        ? { kind: 'calendar_weeks', count: window.weeks }
        : { kind: 'rolling_days', count: window.days },
    territory: 'FR',
    validFrom: new Date(from).toISOString(),
    validTo: null,
    source: { title: 'A rule of the model', reference: 'MODEL-1', url: null },
    confidence: 'high',
  }
  const { body: made } = must(201, await service.call('POST', '/v1/allocation-rules', { token: admin, body }))
  model.rules.push({ ...rule, id: made.id })
}

/** Moves all that happened in a corner further back, as if so much time had passed. Its rules stay where they are. */
export async function letTimePass({ service, places }: Reality, ms: number): Promise<void> {
  const here = `in (${places.map(({ finess }) => `'${finess}'`).join()})`
  const back = (...columns: string[]) =>
    columns.map((column) => `${column} = ${column} - interval '${ms} milliseconds'`).join(', ')
  await tamper(
    service,
    `update reservations set ${back('created_at', 'expires_at', 'ended_at')} where pharmacy ${here}`,
    `update stock set ${back('counted_at', 'observed_at')} where pharmacy ${here}`,
    `update stock_movements set ${back('occurred_at', 'recorded_at')} where pharmacy ${here}`,
    `update ledger_lines set ${back('counted_at', 'window_start', 'window_end')}
     where entry_id in (select id from ledger_entries where pharmacy ${here})`,
    `update ledger_entries set ${back('occurred_at', 'recorded_at')} where pharmacy ${here}`,
  )
}

/** An item that is there. */
export function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new Error(`there is no item ${index}`)
  return item
}

function poster({ call }: Service, posted: Answer[]): Reality['post'] {
  let sent = 0
  return async (path, token, body) => {
    const key = `model-${++sent}`
    const answer = await call('POST', path, { token, key, body })
    posted.push(answer)
    if (answer.status >= 300) return answer
    const again = await call('POST', path, { token, key, body })
    deepEqual([again.status, again.body], [answer.status, answer.body], 'the same key answers the same')
    deepEqual(again.headers['idempotency-replayed'], 'true')
    return answer
  }
}
