import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { loadSigningKey, type SigningKey, signToken } from '../../../src/http/keys.ts'
import type { Service } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must, type World } from '../../support/world.ts'
import { type BenchServer, percentile, startServer } from '../measure.ts'

const CALLERS = 16
const ROUNDS = 6 // Of each kind.

/**
 * Hand-overs a second by 16 callers with the log on and off, by turns. Off: entries are not queued for their place in
 * the log, and nothing is sequenced or signed; receipts are signed all the same.
 */
export async function dispensingWithAndWithoutLog(
  url: string,
  seconds: number,
): Promise<Record<string, number | string>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gomask-bench-'))
  const switchLog = await logSwitch(url)
  const found: Record<'on' | 'off', number[]> = { on: [], off: [] }
  let server: BenchServer | undefined
  const service = caller(() => server?.url ?? '', await loadSigningKey({ DATA_DIR: dataDir }))
  let world: World | undefined
  // The first round warms up and is not counted.
  for (const round of range(ROUNDS * 2 + 1)) {
    // on, off off, on on, …: a machine that warms up or tires favours neither.
    const mode = round % 4 < 2 ? 'on' : 'off'
    await switchLog.to(mode)
    const timing = { CHECKPOINT_SECONDS: mode === 'on' ? '2' : '3600' }
    server = await startServer({ DATABASE_URL: url, DATA_DIR: dataDir, ...timing })
    world ??= await makeWorld(service, 1_000_000)
    const rate = await dispense(world, round, seconds)
    if (round > 0) found[mode].push(rate)
    await server.stop()
  }
  await switchLog.end()
  const [on, off] = [percentile(found.on, 0.5), percentile(found.off, 0.5)]
  return {
    'hand-overs a second, 16 callers, log on (median)': Math.round(on),
    'hand-overs a second, 16 callers, log off (median)': Math.round(off),
    'log on : log off': (on / off).toFixed(3),
    'rounds on': found.on.map(Math.round).join(' '),
    'rounds off': found.off.map(Math.round).join(' '),
  }
}

async function logSwitch(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    to: (mode: 'on' | 'off') =>
      client.query(
        `alter table ledger_entries ${mode === 'on' ? 'enable' : 'disable'} trigger ledger_entries_await_sequencing`,
      ),
    end: () => client.end(),
  }
}

/** The API over the network, as the tests' world calls it. */
function caller(url: () => string, key: SigningKey): Pick<Service, 'call' | 'token'> {
  return {
    token: (request) => signToken(key, { ttlSeconds: 3600, ...request }),
    call: async (method, path, { token, body, key: idempotencyKey } = {}) => {
      const response = await fetch(`${url()}${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(token && { authorization: `Bearer ${token}` }),
          ...(idempotencyKey && { 'idempotency-key': randomUUID() }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: await response.json(), headers: {} }
    },
  }
}

// Each round has pharmacies and professionals of its own.
async function dispense(world: World, round: number, seconds: number): Promise<number> {
  const first = round * 1_000 + 1
  const places = await Promise.all(range(CALLERS).map((n) => world.pharmacy(first + n)))
  const people = await Promise.all(range(CALLERS * 4).map((n) => world.professional(first + n)))
  for (const place of places) must(201, await world.count(place, 1_000_000))
  let done = 0
  const over = performance.now() + seconds * 1000
  const counters = places.map(async (place, n) => {
    for (let turn = 0; performance.now() < over; turn++) {
      must(201, await world.dispense(place, people[(n + turn * 7) % people.length]?.id ?? '', 1))
      done++
    }
  })
  await Promise.all(counters)
  return done / seconds
}
