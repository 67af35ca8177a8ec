import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { openServer } from '../../src/db/server.ts'
import { serverUrl } from '../support/database.ts'
import { type Answer, startService } from '../support/service.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = serverUrl ? false : 'the embedded database has no network'

t.test('how often a request goes to the database', { skip }, async (t) => {
  const service = await startService(t, { MAX_LIVE_HOLDS: 10 })
  const world = await makeWorld(service)
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 100))

  const proxy = await startProxy(t, service.url ?? '')
  const db = openServer(proxy.url, { connections: 1, onError: () => {} })
  const { config, key, signers } = service
  const app = await buildApp({ config, db, keys: [key], issuers: [], signers })
  t.teardown(() => app.close().then(() => db.close()))

  /** The flushes of a request, once the connection is open, the statements are prepared and standings are fresh. */
  async function flushesOf(method: 'GET' | 'POST', url: string, token: string, body?: object): Promise<number> {
    let flushes = Number.POSITIVE_INFINITY
    // A standing that is renewed meanwhile, or a connection's first statements, are not the request's own.
    for (let nth = 0; nth < 4; nth++) {
      const before = proxy.flushes()
      const answer = await app.inject({
        method,
        url,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'idempotency-key': crypto.randomUUID() }) },
        ...(body && { payload: body }),
      })
      must(body ? 201 : 200, { status: answer.statusCode, body: answer.json(), headers: {} } as Answer)
      flushes = Math.min(flushes, proxy.flushes() - before)
    }
    return flushes
  }
  const near = `near=${CENTRE.latitude},${CENTRE.longitude}&product=surgical`

  t.equal(await flushesOf('GET', `/v1/pharmacies?${near}`, nurse.token), 1, 'the nearest search: one')
  t.equal(
    await flushesOf('POST', '/v1/dispensations', place.token, dispensationBody(nurse.id, 1)),
    2,
    'a hand-over: locks and facts, then the writes with the COMMIT',
  )
  t.equal(
    await flushesOf('POST', '/v1/reservations', nurse.token, { product: 'surgical', quantity: 1 }),
    3,
    'a reservation: facts and candidates, the shelf, then the writes with the COMMIT',
  )
})
