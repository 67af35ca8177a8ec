/**
 * Holds a built image against a database in a container: `node test/image/check.ts IMAGE`. It starts, becomes ready and
 * reserves, and it stops when asked to, with every request under way finished. Needs the docker command. The database's
 * image is POSTGIS_IMAGE. The last line reads `N passed, N failed`.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { until } from '../support/until.ts'
import { type Deployment, deploy } from './deployment.ts'
import { docker } from './docker.ts'

const FINESS = '310001235'
const RPPS = '10000000124'
const TOULOUSE = { latitude: 43.6045, longitude: 1.444 }
const COUNTED = 240
// All together fewer than the service has connections: each waits in one of its own. A fourth search would share one.
const SEARCHES = 3
const DELIVERIES = 4

const image = process.argv[2]
assert.ok(image, 'name the image: node test/image/check.ts IMAGE')
const deployment = await deploy(image, process.env.POSTGIS_IMAGE ?? 'postgis/postgis:17-3.5').catch((error) => {
  console.log('not ok: the image starts and becomes ready', error)
  console.log('0 passed, 1 failed')
  process.exit(1)
})
const tokens = { admin: '', pharmacy: '', professional: '' }

const claims: [string, () => Promise<void>][] = [
  ['runs as the user node, with node itself as process 1', runsAsNode],
  ['answers its own health check', answersHealthCheck],
  ['mints tokens by docker exec', mintsTokens],
  ['takes product, pharmacy, professional and rule', takesReferenceData],
  ['takes a count of the stock', takesCount],
  ['makes a reservation', makesReservation],
  ['finishes the requests under way when told to stop, and stops within 10 s with 0', stopsGracefully],
]

let passed = 0
try {
  for (const [claim, hold] of claims) {
    await hold()
    console.log(`ok: the image ${claim}`)
    passed += 1
  }
} catch (error) {
  console.log(await deployment.logs())
  console.log(`not ok: the image ${claims[passed]?.[0]}`, error)
  process.exitCode = 1
} finally {
  await deployment.remove()
}
console.log(`${passed} passed, ${passed < claims.length ? 1 : 0} failed`)

async function runsAsNode(): Promise<void> {
  assert.equal(await inside('id', '-un'), 'node')
  const { scripts } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.equal(await inside('cat', '/proc/1/cmdline'), `${scripts.start.replaceAll(' ', '\0')}\0`)
}

/** Runs what the Dockerfile says, as some engines drop the health check itself when they build. */
async function answersHealthCheck(): Promise<void> {
  const dockerfile = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8')
  const command = /^HEALTHCHECK [^[]*CMD (\[.*\])$/m.exec(dockerfile)?.[1]
  assert.ok(command, 'the Dockerfile has a HEALTHCHECK')
  await inside(...(JSON.parse(command) as string[]))
}

async function mintsTokens(): Promise<void> {
  tokens.admin = await inside('gomask', 'token', '--role', 'admin')
  tokens.pharmacy = await inside('gomask', 'token', '--role', 'pharmacy', '--finess', FINESS)
  tokens.professional = await inside('gomask', 'token', '--role', 'professional', '--subject', RPPS)
  for (const token of Object.values(tokens)) assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
}

async function takesReferenceData(): Promise<void> {
  const practice = { ...TOULOUSE, territory: 'FR-31' }
  const names = { familyName: 'Martin', givenName: 'Camille' }
  await put('/v1/products/surgical', { name: 'Surgical mask', kind: 'surgical', packs: [], active: true })
  await put(`/v1/pharmacies/${FINESS}`, {
    name: 'Capitole',
    address: '1 place du Capitole',
    ...TOULOUSE,
    status: 'active',
  })
  await put(`/v1/professionals/${RPPS}`, { profession: '10', ...names, otherIds: [], practice, status: 'active' })
  const rule = await call('POST', '/v1/allocation-rules', tokens.admin, {
    beneficiaries: [{ profession: '10' }],
    products: ['surgical'],
    cap: 100,
    subCaps: [],
    window: { kind: 'rolling_days', count: 7 },
    territory: 'FR',
    validFrom: '2026-01-01T00:00:00.000Z',
    validTo: null,
    source: { title: 'Check of the image', reference: 'image-1', url: null },
    confidence: 'high',
  })
  assert.equal(rule.status, 201, rule.text)
}

async function takesCount(): Promise<void> {
  const count = { onHand: COUNTED, countedAt: new Date().toISOString() }
  const answer = await call('PUT', `/v1/pharmacies/${FINESS}/stock/surgical`, tokens.pharmacy, count)
  assert.ok([200, 201].includes(answer.status), answer.text)
}

async function makesReservation(): Promise<void> {
  const wish = { product: 'surgical', quantity: 10, near: TOULOUSE }
  const answer = await call('POST', '/v1/reservations', tokens.professional, wish)
  assert.equal(answer.status, 201, answer.text)
  const { status, pharmacy } = JSON.parse(answer.text) as { status: string; pharmacy: { finess: string } }
  assert.deepEqual([status, pharmacy.finess], ['held', FINESS])
}

/** Holds requests up by a lock on the stock, tells the service to stop, and only then lets them go on. */
async function stopsGracefully(): Promise<void> {
  const { service, database } = deployment
  const search = `/v1/pharmacies?near=${TOULOUSE.latitude},${TOULOUSE.longitude}&product=surgical`
  const movements = `/v1/pharmacies/${FINESS}/stock-movements`
  const delivery = { product: 'surgical', kind: 'delivery', quantity: 1, occurredAt: new Date().toISOString() }
  const lock = await database.connect()
  try {
    await lock.query('begin; lock table stock in access exclusive mode')
    const searches = times(SEARCHES, () => call('GET', search, tokens.professional))
    const deliveries = times(DELIVERIES, () => call('POST', movements, tokens.pharmacy, delivery))
    await until('not every request waited for the lock', () => allWait(deployment))
    await docker('kill', '--signal', 'TERM', service)
    await lock.query('rollback')
    for (const answer of await searches) assert.equal(answer.status, 200, answer.text)
    for (const answer of await deliveries) assert.equal(answer.status, 201, answer.text)
  } finally {
    lock.release(true)
  }
  await until('the service did not stop', async () => (await state('Running')) === 'false')
  assert.equal(await state('ExitCode'), '0', 'exit code')
  const { rows } = await database.query('select on_hand from stock')
  assert.deepEqual(rows, [{ on_hand: COUNTED + DELIVERIES }], 'what was acknowledged is there')
}

/** Starts the same request several times at once. A failure is told to whoever awaits it, and to nobody else. */
function times<T>(count: number, start: () => Promise<T>): Promise<T[]> {
  const all = Promise.all(Array.from({ length: count }, start))
  all.catch(() => {})
  return all
}

async function allWait({ database }: Deployment): Promise<boolean> {
  const waiting = await database.query("select from pg_stat_activity where wait_event_type = 'Lock'")
  return waiting.rows.length >= SEARCHES + DELIVERIES
}

function state(field: 'Running' | 'ExitCode'): Promise<string> {
  return docker('inspect', '--format', `{{.State.${field}}}`, deployment.service)
}

function inside(...command: string[]): Promise<string> {
  return docker('exec', deployment.service, ...command)
}

async function put(path: string, body: object): Promise<void> {
  const answer = await call('PUT', path, tokens.admin, body)
  assert.equal(answer.status, 201, answer.text)
}

async function call(
  method: string,
  path: string,
  token: string,
  body?: object,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${deployment.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(120_000),
  })
  return { status: response.status, text: await response.text() }
}
