import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import t, { type Test } from 'tap'
import { openServer } from '../../src/db/server.ts'
import { everyone } from '../../src/http/policy.ts'
import { oneAtATime } from '../../src/http/waiting-line.ts'
import { onServerOnly, PATIENT, withAllRights } from '../support/database.ts'
import { type Service, startBeside, startService } from '../support/service.ts'
import { range, tally } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld } from '../support/world.ts'

const FOR_AUDITS = 4 // A fifth of the twenty connections that a process has unless told otherwise.
const READERS = 15

t.test('audits that wait', { skip: onServerOnly }, async (t) => {
  const { service, url } = await startPatient(t)
  const { call } = service
  const world = await makeWorld(service, 100)
  await world.rule()
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  await world.count(place, 100)

  await t.test('thirty of them hold up neither a check nor a hand-over nor a professional', async (t) => {
    const { free, waiting } = await lock(t, url, 'admin_acts')
    const readers = await Promise.all(range(READERS).map((n) => regulator(service, `ars-${n}`)))
    const audits = [...readers, ...readers].map((token) => call('GET', '/v1/audit/admin-acts', { token }))
    await until('not all connections for audits wait', async () => (await waiting()) >= FOR_AUDITS)

    const body = dispensationBody(nurse.id, 1)
    const decided = await Promise.all([
      call('POST', '/v1/dispensation-checks', { token: place.token, body }),
      world.dispense(place, nurse.id, 1),
      world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess }),
      call('GET', '/v1/entitlements/me', { token: nurse.token }),
    ])
    t.same(tally(decided), { 200: 2, 201: 2 })
    t.equal(await waiting(), FOR_AUDITS, 'all the while')
    await free()
    t.same(tally(await Promise.all(audits)), { 200: 2 * READERS }, 'they were answered in the end')
  })

  await t.test('the third of a caller is 429, and another caller’s is not', async (t) => {
    const { free, waiting } = await lock(t, url, 'admin_acts')
    const [token, other] = [await regulator(service, 'ars'), await regulator(service, 'dgs')]
    const audits = range(2).map(() => call('GET', '/v1/audit/admin-acts', { token }))
    await until('they do not wait', async () => (await waiting()) === 2)
    for (const path of ['audit/summary?groupBy=week', 'audit/refusals', 'audit/accesses', 'audit/anomalies']) {
      const third = await call('GET', `/v1/${path}`, { token })
      t.match(third, { status: 429, headers: { 'retry-after': '2' }, body: { code: 'rate_limited' } }, path)
      t.match(third.body.detail, /2 audits, exports or downloads/)
    }
    t.equal((await call('GET', '/v1/ledger/bundle', { token })).status, 429)
    t.equal((await call('GET', '/v1/audit/refusals', { token: other })).status, 200)
    t.equal((await call('GET', '/v1/products', { token })).status, 200, 'what is not heavy is not counted')
    await free()
    t.same(tally(await Promise.all(audits)), { 200: 2 })
    t.equal((await call('GET', '/v1/audit/refusals', { token })).status, 200, 'their places are free')
  })

  await t.test('searches for anomalies take turns, and one whose reader has gone passes its turn on', async (t) => {
    const address = await listen(t, service)
    const [first, later] = [await lock(t, url, 'ledger_entries'), await lock(t, url, 'accesses')]
    const token = await regulator(service, 'prefect')
    let [come, left] = [0, 0]
    service.app.server.on('request', (_request, response) => {
      come++
      response.once('close', () => left++)
    })
    const leaving = new AbortController()
    const search = (signal: AbortSignal | null) =>
      fetch(`${address}/v1/audit/anomalies`, { headers: { authorization: `Bearer ${token}` }, signal })
    const leaves = search(leaving.signal).catch(() => 'gone')
    await until('it does not wait', async () => (await first.waiting()) === 1)
    const stays = search(null)
    await until('the second does not come', () => come === 2)
    leaving.abort()
    t.equal(await leaves, 'gone')
    await until('it is not noticed', () => left > 0)
    t.equal(await first.waiting(), 1, 'the second has not begun')
    await first.free()
    // Where it would go on, it would wait for the other lock, keep its place, and the second would never begin.
    await until('the place was not given back', async () => {
      return (await call('GET', '/v1/audit/summary?groupBy=week', { token })).status === 200
    })
    await until('the other does not go on', async () => (await later.waiting()) === 1)
    await later.free()
    t.equal((await stays).status, 200)
  })
})

t.test('of work that takes turns one piece runs at a time, and no more wait than may', async (t) => {
  const inTurn = oneAtATime({ en: 'audits', fr: 'audits' }, 2)
  const gates = range(3).map(() => Promise.withResolvers<void>())
  const begun: number[] = []
  const works = gates.map(({ promise }, n) =>
    inTurn(() => {
      begun.push(n)
      return promise
    }),
  )
  await t.rejects(
    inTurn(async () => {}),
    { code: 'unavailable' },
    'the fourth',
  )
  t.same(begun, [0])
  gates[0]?.reject(new Error('it fails'))
  await t.rejects(works[0] as Promise<void>, /it fails/)
  const last = inTurn(async () => void begun.push(3))
  t.same(begun, [0, 1], 'a place is free again')
  gates[1]?.resolve()
  gates[2]?.resolve()
  await Promise.all([...works.slice(1), last])
  t.same(begun, [0, 1, 2, 3])
})

t.test('a download counts until it has been read, or its reader has gone', async (t) => {
  const sources: Readable[] = []
  const routes = (app: FastifyInstance) => {
    const config = { isHeavy: true, policy: { scope: 'stock:read', ...everyone } } as const
    app.get('/endless', { config, schema: { hide: true }, exposeHeadRoute: false }, async (_request, reply) => {
      const source = new Readable({
        read() {
          this.push(Buffer.alloc(16_384))
        },
      })
      sources.push(source)
      return reply.send(source)
    })
  }
  const service = await startService(t, {}, { routes })
  const address = await listen(t, service)
  const authorization = `Bearer ${await service.token({ role: 'admin', subject: 'admin' })}`
  const leaving = range(3).map(() => new AbortController())
  t.teardown(() => {
    for (const each of leaving) each.abort()
  })
  const read = async (signal: AbortSignal | undefined) => {
    const answer = await fetch(`${address}/endless`, { headers: { authorization }, signal: signal ?? null })
    if (answer.status !== 200) await answer.text()
    return answer.status
  }
  t.equal(await read(leaving[0]?.signal), 200)
  t.equal(await read(leaving[1]?.signal), 200)
  t.equal(await read(leaving[2]?.signal), 429)
  leaving[0]?.abort()
  await until('its place was not given back', async () => (await read(leaving[2]?.signal)) === 200)
  t.equal(sources[0]?.destroyed, true)
})

/** A service with the connections of one as shipped, whose audits wait for a lock as long as it is held. */
async function startPatient(t: Test) {
  const here = await startService(t, {}, { connections: 2 })
  const url = here.url ?? ''
  const db = openServer(url, { connections: 20, timeouts: { ...PATIENT, lockMs: 60_000 }, onError: () => {} })
  t.teardown(() => db.close())
  return { service: await startBeside(t, { ...here, db }), url }
}

async function listen(t: Test, { app }: Service): Promise<string> {
  // Clients keep connections open for a while, and a service that stops waits for those.
  t.teardown(() => app.server.closeAllConnections())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

function regulator(service: Service, subject: string): Promise<string> {
  return service.token({ role: 'regulator', subject, territories: ['FR'] })
}

/** Locks a table for everybody else until it is freed, and tells how many wait for it. */
async function lock(t: Test, url: string, table: string) {
  const session = new pg.Client({ connectionString: withAllRights(url) })
  await session.connect()
  t.teardown(() => session.end())
  await session.query('begin')
  await session.query(`lock table ${table}`)
  return {
    free: () => session.query('rollback'),
    async waiting(): Promise<number> {
      const { rows } = await session.query(
        // The same table has the same number in other tests' databases.
        `select count(*)::int as waiting from pg_locks l join pg_database d on d.oid = l.database
         where not granted and relation = '${table}'::regclass and datname = current_database()`,
      )
      return rows[0].waiting
    },
  }
}
