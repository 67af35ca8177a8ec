import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { openServer } from '../../src/db/server.ts'
import { raiseDoubts } from '../../src/store/identity-doubts.ts'
import { PATIENT, serverUrl } from '../support/database.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = serverUrl ? false : 'the embedded database has no network'

const GTIN = '3401060011444'

interface Request {
  method: 'GET' | 'POST' | 'PUT'
  url: string
  token: string
  body?: object
}

t.test('how often a request goes to the database', { skip }, async (t) => {
  // With limits, which are read with the rest.
  const service = await startService(t, { MAX_LIVE_HOLDS: 100, RATE_LIMIT: 1_000_000 })
  const world = await makeWorld(service, 1_000)
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  const boxed = { name: 'S', kind: 'mask', packs: [{ gtin: GTIN, unitsPerBox: 2 }], active: true }
  must(200, await service.call('PUT', '/v1/products/surgical', { token: world.admin, body: boxed }))
  must(201, await world.count(place, 1_000))

  const proxy = await startProxy(t, service.url ?? '')
  const db = openServer(proxy.url, { connections: 1, timeouts: PATIENT, onError: () => {} })
  const { config, key, signers, webhookKeys } = service
  const app = await buildApp({ config, db, keys: [key], issuers: [], signers, webhookKeys })
  t.teardown(() => app.close().then(() => db.close()))

  /** The flushes of a request, once the connection is open, the statements are prepared and standings are fresh. */
  async function flushesOf(make: () => Request | Promise<Request>): Promise<number> {
    let flushes = Number.POSITIVE_INFINITY
    // A standing that is renewed meanwhile, or a connection's first statements, are not the request's own.
    for (let nth = 0; nth < 4; nth++) {
      const { method, url, token, body } = await make()
      const before = proxy.flushes()
      const answer = await app.inject({
        method,
        url,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'idempotency-key': seededUuid() }) },
        ...(body && { payload: body }),
      })
      t.match(answer.statusCode, /^20/, `${method} ${url}`)
      flushes = Math.min(flushes, proxy.flushes() - before)
    }
    return flushes
  }
  const get = (url: string, token = nurse.token) => flushesOf(() => ({ method: 'GET', url, token }))
  const post = (url: string, token: string, body: object) => flushesOf(() => ({ method: 'POST', url, token, body }))
  const near = `near=${CENTRE.latitude},${CENTRE.longitude}&product=surgical`

  t.equal(await get(`/v1/pharmacies?${near}`), 1, 'the nearest search: one')
  t.equal(await get(`/v1/pharmacies?${near}&quantity=5000`), 1, 'one that finds nothing: one')
  t.equal(await get('/v1/entitlements/me'), 1, 'what a professional may still receive: one')
  const named = `/v1/professionals/${nurse.id}/entitlements`
  t.equal(await get(named, world.regulator), 1, 'what a regulator is shown of it: one, which records it')
  t.equal(
    await post('/v1/dispensations', place.token, dispensationBody(nurse.id, 1)),
    2,
    'a hand-over: locks and facts, then the writes with the COMMIT',
  )
  const [one, other] = [await world.professional(2), await world.professional(3)]
  await raiseDoubts(service.db, [one.id, other.id], 'an issuer')
  t.equal(await post('/v1/dispensations', place.token, dispensationBody(one.id, 1)), 2, 'to somebody in doubt as well')
  t.equal(
    await post('/v1/dispensation-checks', place.token, dispensationBody(nurse.id, 1)),
    2,
    'a check: the same locks and facts, then its record with the COMMIT',
  )
  const scanned = { lines: [{ scan: `(01)0${GTIN}(10)L` }] }
  t.equal(
    await post('/v1/dispensations', place.token, dispensationBody(nurse.id, 0, scanned)),
    2,
    'a hand-over by scan of a pack that was met before: as many',
  )
  for (const more of [{}, { near: CENTRE }, { pharmacy: place.finess }]) {
    t.equal(
      await post('/v1/reservations', nurse.token, { product: 'surgical', quantity: 1, ...more }),
      2,
      `a reservation of ${JSON.stringify(more)}: facts and the shelf, then the writes with the COMMIT`,
    )
  }
  for (const [token, body] of [
    [nurse.token, {}],
    [place.token, { reason: 'damaged' }],
  ] as const) {
    t.equal(
      await flushesOf(async () => {
        const { id } = must(201, await world.reserve(nurse.token, { quantity: 1 })).body
        return { method: 'POST', url: `/v1/reservations/${id}/cancellation`, token, body }
      }),
      2,
      'a cancellation: locks and the reservation, then the writes with the COMMIT',
    )
  }
  const shelf = `/v1/pharmacies/${place.finess}/stock`
  const now = () => new Date().toISOString()
  const counted = { method: 'PUT' as const, url: `${shelf}/surgical`, token: place.token }
  t.equal(
    await flushesOf(() => ({ ...counted, body: { onHand: 1_000, countedAt: now() } })),
    2,
    'a count: locks and the changes since, then the writes with the COMMIT',
  )
  const both = () => ['surgical', 'ffp2'].map((product) => ({ product, onHand: 1_000, countedAt: now() }))
  t.equal(
    await flushesOf(() => ({ method: 'PUT', url: shelf, token: place.token, body: { counts: both() } })),
    2,
    'many counts: as many as one',
  )
  t.equal(
    await post(`${shelf}-movements`, place.token, {
      product: 'surgical',
      kind: 'delivery',
      quantity: 1,
      occurredAt: now(),
    }),
    2,
    'a movement: locks, then the writes with the COMMIT',
  )
  t.equal(
    await flushesOf(() => ({ ...counted, body: { scan: GTIN, onHandBoxes: 400, onHand: 200, countedAt: now() } })),
    2,
    'a count by scan: as many',
  )
  t.equal(
    await flushesOf(() => ({
      method: 'POST',
      url: `/v1/pharmacies/${place.finess}/deliveries`,
      token: place.token,
      body: { reference: seededUuid(), occurredAt: now(), lines: [{ scan: GTIN }, { gtin: GTIN, boxes: 2 }] },
    })),
    2,
    'a delivery: locks and what the note is like, then the writes with the COMMIT',
  )
  t.equal(
    await flushesOf(async () => {
      const { id } = must(201, await world.dispense(place, nurse.id, 1)).body
      return { method: 'POST', url: `/v1/dispensations/${id}/reversal`, token: place.token, body: { kind: 'returned' } }
    }),
    2,
    'a reversal: locks, the original and facts, then the writes with the COMMIT',
  )
})
