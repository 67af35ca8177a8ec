import { finess, rpps } from './numbers.ts'
import type { Answer, Service } from './service.ts'

/** Somewhere in Toulouse; pharmacies of a world stand a kilometre apart to the east of it. */
export const CENTRE = { latitude: 43.6045, longitude: 1.444 }

/** Of the regions that one service can have, each 160 km from the one before and with numbers of its own. */
const REGIONS = ['FR-31', 'FR-34', 'FR-84', 'FR-06', 'FR-2A', 'FR-2B', 'FR-73', 'FR-74']
const REGION_DEGREES = 2
const REGION_NUMBERS = 1_000

/** A region with a catalogue and a rule, and ways to put people and places into it, over the API alone. */
export interface World {
  /** Where its professionals practise, and its pharmacies begin. */
  centre: { latitude: number; longitude: number }
  admin: string
  regulator: string
  pharmacy(n: number, more?: object): Promise<{ finess: string; token: string }>
  professional(n: number, more?: object): Promise<{ id: string; token: string }>
  rule(more?: object): Promise<{ id: string }>
  count(place: { finess: string; token: string }, onHand: number, product?: string): Promise<Answer>
  dispense(
    place: { finess: string; token: string },
    professional: string,
    quantity: number,
    more?: object,
  ): Promise<Answer>
  reserve(token: string, body: object): Promise<Answer>
}

/**
 * Makes a world with the products surgical and ffp2 and, unless `cap` is null, a rule of `cap` in seven days for
 * profession 60. A world in the `region`th region is beside those that the service has already.
 */
export async function makeWorld(
  service: Pick<Service, 'call' | 'token'>,
  cap: number | null = 10,
  region = 0,
): Promise<World> {
  const { call, token } = service
  const territory = REGIONS[region] ?? ''
  const centre = { ...CENTRE, longitude: CENTRE.longitude + region * REGION_DEGREES }
  const first = region * REGION_NUMBERS
  const admin = await token({ role: 'admin', subject: 'admin' })
  const regulator = await token({ role: 'regulator', subject: 'ars', territories: ['FR'] })
  const world: World = {
    centre,
    admin,
    regulator,
    async pharmacy(n, more = {}) {
      const number = finess(first + n)
      const body = {
        name: `Pharmacie ${n}`,
        address: `${n} rue de la Paix, 31000 Toulouse`,
        latitude: centre.latitude,
        longitude: centre.longitude + n * 0.0124,
        territory,
        status: 'active',
        ...more,
      }
      must(201, await call('PUT', `/v1/pharmacies/${number}`, { token: admin, body }))
      return { finess: number, token: await token({ role: 'pharmacy', subject: `till-${number}`, finess: [number] }) }
    },
    async professional(n, more = {}) {
      const id = rpps(first + n)
      const body = {
        profession: '60',
        familyName: `Martin${n}`,
        givenName: 'Camille',
        otherIds: [],
        practice: { ...centre, territory },
        status: 'active',
        ...more,
      }
      must(201, await call('PUT', `/v1/professionals/${id}`, { token: admin, body }))
      return { id, token: await token({ role: 'professional', subject: id }) }
    },
    async rule(more = {}) {
      const made = await call('POST', '/v1/allocation-rules', { token: admin, body: ruleBody(more) })
      return must(201, made).body
    },
    count: (place, onHand, product = 'surgical') =>
      call('PUT', `/v1/pharmacies/${place.finess}/stock/${product}`, {
        token: place.token,
        body: { onHand, countedAt: new Date().toISOString() },
      }),
    dispense: (place, professional, quantity, more = {}) =>
      call('POST', '/v1/dispensations', {
        token: place.token,
        key: true,
        body: dispensationBody(professional, quantity, more),
      }),
    reserve: (bearer, body) =>
      call('POST', '/v1/reservations', { token: bearer, key: true, body: { product: 'surgical', ...body } }),
  }
  for (const code of region === 0 ? ['surgical', 'ffp2'] : []) {
    const body = { name: `Masque ${code}`, kind: 'mask', packs: [], active: true }
    must(201, await call('PUT', `/v1/products/${code}`, { token: admin, body }))
  }
  if (cap !== null) await world.rule({ cap, ...(region > 0 && { territory }) })
  return world
}

/** A rule of 10 in seven days for profession 60, in force since the year 2026 began, or as said. */
export function ruleBody(more: object = {}): object {
  return {
    beneficiaries: [{ profession: '60' }],
    products: ['surgical', 'ffp2'],
    cap: 10,
    subCaps: [],
    // Days, not weeks: no Monday comes in the middle of a run.
    window: { kind: 'rolling_days', count: 7 },
    territory: 'FR',
    validFrom: '2026-01-01T00:00:00.000Z',
    validTo: null,
    source: { title: 'A rule for tests', reference: 'TEST-1', url: null },
    confidence: 'high',
    ...more,
  }
}

/** A hand-over of surgical masks, or as said. */
export function dispensationBody(professional: string, quantity: number, more: object = {}): object {
  return { professional, identityCheck: { method: 'cps_card' }, lines: [{ product: 'surgical', quantity }], ...more }
}

/** Fails where a step that a test only builds on went otherwise. */
export function must(status: number, answer: Answer): Answer {
  if (answer.status === status) return answer
  throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`)
}
