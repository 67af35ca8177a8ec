import { randomUUID } from 'node:crypto'
import t from 'tap'
import { makeDatabase, serverUrl } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = serverUrl ? false : 'the embedded database is never away'

t.test('a database that is away', { skip }, async (t) => {
  const { db, url = '', drop } = await makeDatabase(2)
  t.teardown(drop)
  const proxy = await startProxy(t, url)
  const server = makeServer(t, { DATABASE_URL: proxy.url }, await makeFolder(t))

  await t.test('not there at start: the server waits, says so, and serves when it comes (fault 24)', async (t) => {
    await proxy.refuse()
    server.launch()
    t.match(await server.says('waiting for the database'), { level: 'warn', attempt: 1, nextTryInMs: Number })
    await proxy.accept()
    await server.says('listening')
    t.equal((await server.call('GET', '/readyz')).status, 200)
  })

  const world = await makeWorld(server, 100)
  const place = await world.pharmacy(1)
  const { id } = await world.professional(1)
  must(201, await world.count(place, 100))
  const dispense = (key: string) =>
    server.call('POST', '/v1/dispensations', { token: place.token, key, body: dispensationBody(id, 1) })
  const ready = async () => (await server.call('GET', '/readyz')).status === 200

  for (const round of [1, 2]) {
    await t.test(`away for a while, time ${round}: 503 meanwhile, and then it serves again (fault 24)`, async (t) => {
      const keys = range(10).map(() => randomUUID())
      await proxy.refuse()
      const away = await atOnce(keys, dispense)
      t.same(tally(away), { '503 unavailable': keys.length })
      t.ok(away.every(({ headers }) => headers['retry-after']))
      t.match(await server.call('GET', '/readyz'), { status: 503, body: { code: 'unavailable' } })
      t.equal((await server.call('GET', '/healthz')).status, 200, 'the process is alive')
      await proxy.accept()
      await until(10_000, 'it did not come back by itself', ready)
      t.same(tally(await atOnce(keys, dispense)), { 201: keys.length }, 'the same keys succeed')
    })
  }

  await t.test('lost under load: what was acknowledged is there, once (fault 24)', async (t) => {
    const before = (await server.call('GET', '/v1/dispensations?limit=100', { token: place.token })).body.items.length
    const keys = range(40).map(() => randomUUID())
    const answers = keys.map(dispense)
    await Promise.race(answers)
    await proxy.refuse()
    const outcomes = Object.keys(tally(await Promise.all(answers)))
    const allowed = new Set(['201', '503 unavailable', '503 outcome_unknown'])
    t.ok(new Set(outcomes).isSubsetOf(allowed), outcomes.join(', '))
    await proxy.accept()
    await until(10_000, 'it did not come back by itself', ready)
    t.same(tally(await atOnce(keys, dispense)), { 201: keys.length }, 'the same keys find out, or do it now')
    const after = (await server.call('GET', '/v1/dispensations?limit=100', { token: place.token })).body.items.length
    t.equal(after - before, keys.length, 'each is there once')
    await invariantsHold(t, db)
  })
})
