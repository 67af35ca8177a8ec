import pg from 'pg'
import t from 'tap'
import { serverUrl } from '../support/database.ts'
import { addressFor } from '../support/logins.ts'
import { startPostgres } from '../support/postgres-container.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { dockerAnswers } from '../support/runner/docker-api.ts'
import { until } from '../support/until.ts'
import { CENTRE, makeWorld, must } from '../support/world.ts'

const skip = await reasonToSkip()
const SEARCH = `/v1/pharmacies?near=${CENTRE.latitude},${CENTRE.longitude}&product=surgical`
const MAX_AGE = 3

t.test('a standby serves searches and audits, and decides nothing', { skip }, async (t) => {
  const postgres = await startPostgres(t)
  const standbyUrl = await postgres.startStandby()
  const standby = new pg.Client({ connectionString: standbyUrl })
  standby.on('error', () => {})
  await standby.connect()
  t.teardown(() => standby.end())
  const env = {
    DATABASE_URL: postgres.serviceUrl,
    DATABASE_READ_URL: addressFor('gomask_test_service', standbyUrl),
    DATABASE_READ_MAX_AGE: String(MAX_AGE),
  }
  const server = makeServer(t, env, await makeFolder(t))
  await server.start()
  const world = await makeWorld(server)
  const [place, nurse] = [await world.pharmacy(0), await world.professional(1)]
  must(201, await world.count(place, 100))
  const regulator = await server.token({ role: 'regulator', subject: 'r', territories: ['FR'] })
  const search = () => server.call('GET', SEARCH, { token: nurse.token })
  const available = async () => (await search()).body.items[0]?.available
  const ageOf = (answer: Awaited<ReturnType<typeof search>>) => Number(answer.headers.age ?? Number.NaN)
  const isAged = async () => ageOf(await search()) >= 0

  await t.test('as soon as it keeps up, and every answer says how old it may be', async (t) => {
    await until('the standby was never asked', isAged)
    await until('what was written never came', async () => (await available()) === 100)
    const read = must(200, await server.call('GET', `/v1/pharmacies/${place.finess}`, { token: nurse.token }))
    t.ok(ageOf(read) >= 1 && ageOf(read) <= MAX_AGE, `at most ${read.headers.age} s`)
    for (const path of ['/v1/audit/summary?groupBy=pharmacy', '/v1/audit/anomalies', '/v1/audit/dispensations']) {
      t.ok(ageOf(must(200, await server.call('GET', path, { token: regulator }))) >= 1, path)
    }
    const csv = await server.call('GET', '/v1/audit/dispensations', {
      token: regulator,
      headers: { accept: 'text/csv' },
    })
    t.ok(ageOf(must(200, csv)) >= 1, 'an export')
  })

  await t.test('what it does not have yet the primary is asked for', async (t) => {
    await standby.query('select pg_wal_replay_pause()')
    const late = await world.pharmacy(1)
    const answer = must(200, await server.call('GET', `/v1/pharmacies/${late.finess}`, { token: nurse.token }))
    t.equal(answer.headers.age, undefined)
  })

  await t.test('a reservation is decided on what the primary has', async (t) => {
    must(200, await world.count(place, 5))
    if (await isAged()) t.equal(await available(), 100, 'the standby has not heard of the count')
    t.match(await world.reserve(nurse.token, { quantity: 6 }), { status: 409, body: { code: 'no_stock_in_reach' } })
  })

  await t.test('one that falls behind the limit is not asked until it has caught up', async (t) => {
    await until('the standby is still asked', async () => !(await isAged()))
    t.equal(await available(), 5)
    await standby.query('select pg_wal_replay_resume()')
    await until('the standby is not asked again', isAged)
    t.equal(await available(), 5)
  })

  await t.test('one that goes away is done without', async (t) => {
    await standby.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gomask'`)
    t.match(await search(), { status: 200 })
  })
})

t.test('a database that is no standby is never taken for one', { skip }, async (t) => {
  const postgres = await startPostgres(t)
  const server = makeServer(
    t,
    { DATABASE_URL: postgres.serviceUrl, DATABASE_READ_URL: postgres.serviceUrl },
    await makeFolder(t),
  )
  await server.start()
  const world = await makeWorld(server)
  const nurse = await world.professional(1)
  await until('it was never looked at', async () => {
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    const { rows } = await client.query(
      `select from pg_stat_activity where query like '%pg_is_in_recovery%' and pid <> pg_backend_pid()`,
    )
    await client.end()
    return rows.length > 0
  })
  t.equal(must(200, await server.call('GET', SEARCH, { token: nurse.token })).headers.age, undefined)
})

async function reasonToSkip(): Promise<string | false> {
  if (!serverUrl) return 'the embedded database has no standby'
  return (await dockerAnswers(process.env)) ? false : 'no Docker API answers, and a standby must lag'
}
