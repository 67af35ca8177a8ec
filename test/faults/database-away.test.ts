import t from 'tap'
import { oneRow } from '../../src/db/query.ts'
import { sql, texts } from '../../src/db/sql.ts'
import { makeDatabase, serverUrl } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { seededUuid } from '../support/seed.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const ROUNDS = 5 // The connections are lost at another instant of the requests each time.

const skip = serverUrl ? false : 'the embedded database is never away'

t.test('a database that is away', { skip }, async (t) => {
  const { db, url = '', drop } = await makeDatabase(2)
  t.teardown(drop)
  const proxy = await startProxy(t, url)
  const server = makeServer(t, { DATABASE_URL: proxy.url }, await makeFolder(t))
  const ready = async () => (await server.call('GET', '/readyz')).status === 200

  await t.test('not there at start: the server waits, says so, and serves when it comes', async (t) => {
    await proxy.refuse()
    server.launch()
    t.match(await server.says('waiting for the database'), { level: 'warn', attempt: 1, nextTryInMs: Number })
    await proxy.accept()
    await server.says('listening')
    await until('it is not ready', ready)
  })

  const world = await makeWorld(server, 1_000)
  const place = await world.pharmacy(1)
  const people = await Promise.all(range(8).map((n) => world.professional(n)))
  must(201, await world.count(place, 1_000))
  const dispense = (key: string, n: number) =>
    server.call('POST', '/v1/dispensations', {
      token: place.token,
      key,
      body: dispensationBody(people[n % people.length]?.id ?? '', 1),
    })
  /** How many of these requests have had their effect: key and effect commit together. */
  const done = async (keys: string[] = []) =>
    (
      await oneRow<{ n: number }>(
        db,
        'done',
        sql`select count(*)::int as n from idempotency_keys where key = any(${texts(keys)})`,
      )
    ).n

  for (const round of [1, 2]) {
    await t.test(`away for a while, time ${round}: 503 meanwhile, and then it serves again`, async (t) => {
      const keys = range(10).map(() => seededUuid())
      await proxy.refuse()
      const away = await atOnce(keys, dispense)
      t.same(tally(away), { '503 unavailable': keys.length })
      t.ok(away.every(({ headers }) => headers['retry-after']))
      await until('it went on saying that it is ready', async () => !(await ready()))
      t.equal((await server.call('GET', '/healthz')).status, 200, 'the process is alive')
      await proxy.accept()
      await until('it did not come back by itself', ready)
      t.same(tally(await atOnce(keys, dispense)), { 201: keys.length }, 'the same keys succeed')
    })
  }

  for (const round of range(ROUNDS)) {
    await t.test(`lost under load, time ${round + 1}: every answer is true`, async (t) => {
      const keys = range(40).map(() => seededUuid())
      let answered = 0
      const answers = atOnce(keys, (key, n) => dispense(key, n).finally(() => answered++))
      await until('nothing was answered', () => answered > 5 * round)
      await proxy.refuse()
      const outcomes = (await answers).map((answer) => Object.keys(tally([answer])).join())
      const keysOf = (outcome: string) => keys.filter((_, n) => outcomes[n] === outcome)
      const [acknowledged, denied, unknown] = ['201', '503 unavailable', '503 outcome_unknown'].map(keysOf)
      t.comment(JSON.stringify(tally(await answers)))
      t.equal([acknowledged, denied, unknown].flat().length, keys.length, 'there are no other answers')
      t.equal(await done(acknowledged), acknowledged?.length, 'what was acknowledged is there')
      t.equal(await done(denied), 0, 'of what was said not to be done, nothing is')
      await proxy.accept()
      await until('it did not come back by itself', ready)
      t.same(tally(await atOnce(keys, dispense)), { 201: keys.length }, 'the same keys find out, or do it now')
      t.equal(await done(keys), keys.length, 'each is there once')
    })
  }
  await invariantsHold(t, db)
})
