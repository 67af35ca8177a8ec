import pg from 'pg'
import t, { type Test } from 'tap'
import { gomask } from '../support/command.ts'
import { serverUrl } from '../support/database.ts'
import { startPostgres } from '../support/postgres-container.ts'
import { makeFolder, makeServer, type Server } from '../support/process.ts'
import { dockerAnswers } from '../support/runner/docker-api.ts'
import { seededUuid } from '../support/seed.ts'
import type { Answer } from '../support/service.ts'
import { range } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = await reasonToSkip()
const CALLERS = 8

/** A write that was sent, perhaps several times with its key, and what was last said about it. */
interface Write {
  path: string
  token: string
  key: string
  body?: object
  answer: Answer
}

t.test('kill -9 of PostgreSQL under load loses nothing and invents nothing', { skip }, async (t) => {
  const postgres = await startPostgres(t)
  const env = { DATABASE_URL: postgres.serviceUrl, MAX_LIVE_HOLDS: '100' }
  const dataDir = await makeFolder(t)
  const server = makeServer(t, env, dataDir)
  await server.start()
  const callers = await makeCallers(server)
  const writes: Write[] = []
  const load = new AbortController()
  const calling = callers.map((call) => keepCalling(call, writes, load.signal))
  const has = (status: number, from: number) =>
    writes.slice(from).filter(({ answer }) => answer.status === status).length

  await until('no writes were acknowledged', () => has(201, 0) >= 20 * CALLERS)
  await postgres.kill()
  const killed = writes.length
  await until('the outage was not noticed', () => has(503, killed) >= 2 * CALLERS)
  t.equal((await server.call('GET', '/healthz')).status, 200, 'the process is alive')
  const ready = async () => (await server.call('GET', '/readyz')).status === 200
  await until('it went on saying that it is ready', async () => !(await ready()))
  await postgres.start()
  const restarted = writes.length
  await until('the service did not come back', () => has(201, restarted) >= 20 * CALLERS)
  load.abort()
  await Promise.all(calling)
  await until('it is not ready again', ready)

  t.comment(JSON.stringify(outcomes(writes)))
  const expected = /^(20[01]|503 (unavailable|outcome_unknown))$/
  t.same(
    Object.keys(outcomes(writes)).filter((outcome) => !expected.test(outcome)),
    [],
    'no other answers',
  )
  const resolved = await resolveUnknown(server, writes)
  await holdAgainstTables(t, postgres.url, resolved)
  t.match(await gomask(['check'], { ...env, DATA_DIR: dataDir, LOG_LEVEL: 'warn' }), {
    code: 0,
    stdout: 'I1, I2, I3 and I6 hold, and the totals are those of the entries\n',
  })
})

async function reasonToSkip(): Promise<string | false> {
  if (!serverUrl) return 'the embedded database has no process of its own to kill'
  return (await dockerAnswers(process.env)) ? false : 'no Docker API answers, and a PostgreSQL must die'
}

/** Eight callers that share two shelves and four professionals: hand-overs, and holds that are cancelled again. */
async function makeCallers(server: Server): Promise<((writes: Write[]) => Promise<void>)[]> {
  const world = await makeWorld(server, 1_000_000)
  const places = await Promise.all([1, 2].map((n) => world.pharmacy(n)))
  const people = await Promise.all([1, 2, 3, 4].map((n) => world.professional(n)))
  for (const place of places) must(201, await world.count(place, 1_000_000))
  const write = async (writes: Write[], path: string, token: string, body?: object) => {
    const key = seededUuid()
    const answer = await server.call('POST', path, { token, key, body })
    writes.push({ path, token, key, ...(body && { body }), answer })
    return answer
  }
  return range(CALLERS).map((n) => async (writes) => {
    const [place, person] = [places[n % 2], people[n % 4]]
    if (!place || !person) throw new Error('there are places and people')
    if (n < 4) {
      await write(writes, '/v1/dispensations', place.token, dispensationBody(person.id, 1))
      return
    }
    const wish = { product: 'surgical', quantity: 1, pharmacy: place.finess }
    const held = await write(writes, '/v1/reservations', person.token, wish)
    if (held.status === 201) await write(writes, `/v1/reservations/${held.body.id}/cancellation`, person.token)
  })
}

async function keepCalling(call: (writes: Write[]) => Promise<void>, writes: Write[], end: AbortSignal): Promise<void> {
  while (!end.aborted) await call(writes)
}

function outcomes(writes: Write[]): Record<string, number> {
  const names = writes.map(({ answer }) => [answer.status, answer.body.code].filter(Boolean).join(' '))
  return Object.fromEntries([...new Set(names)].map((name) => [name, names.filter((each) => each === name).length]))
}

/** Sends what was answered «unknown» again with the same key, which tells. */
function resolveUnknown(server: Server, writes: Write[]): Promise<Write[]> {
  return Promise.all(
    writes.map(async (write) => {
      if (write.answer.body.code !== 'outcome_unknown') return write
      const { path, token, key, body } = write
      return { ...write, answer: await server.call('POST', path, { token, key, body }) }
    }),
  )
}

/** Every acknowledged write is there once, and nothing else is. */
async function holdAgainstTables(t: Test, url: string, writes: Write[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  const column = async (query: string) => (await client.query({ text: query, rowMode: 'array' })).rows.flat().sort()
  const done = writes.filter(({ answer }) => answer.status < 300)
  const ids = (path: string) =>
    done
      .filter((write) => write.path.endsWith(path))
      .map(({ answer }) => String(answer.body.id))
      .sort()
  const keys = (some: Write[]) => some.map(({ key }) => key).sort()
  t.same(
    await column('select key from idempotency_keys where length(key) = 36'),
    keys(done),
    'the keys of what was done',
  )
  t.same(await column('select id::text from ledger_entries'), ids('dispensations'), 'the hand-overs')
  t.same(await column('select id::text from reservations'), ids('reservations'), 'the reservations')
  t.same(
    await column("select id::text from reservations where status = 'cancelled'"),
    ids('cancellation'),
    'the cancellations',
  )
  const [onHand] = await column('select sum(on_hand)::int from stock')
  t.equal(onHand, 2_000_000 - ids('dispensations').length, 'the stock')
}
