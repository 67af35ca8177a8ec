import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { signToken } from '../../../src/http/tokens.ts'
import type { SigningKey } from '../../../src/keys/signing-key.ts'
import { loadSigningKeys } from '../../../src/keys/signing-keys.ts'
import type { Service } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'
import { startServer } from '../measure.ts'

const CALLERS = 16
const PHASES = 40

/**
 * Hand-overs a second by 16 callers with the log on and off, by turns of a few seconds on one running server, as a
 * machine's own ups and downs are larger than what is measured. Off: entries are not queued for their place in the log,
 * so that the sequencer finds nothing to do; receipts are signed all the same.
 */
export async function dispensingWithAndWithoutLog(
  url: string,
  seconds: number,
): Promise<Record<string, number | string>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gomask-bench-'))
  const switchLog = await logSwitch(url)
  const server = await startServer({ DATABASE_URL: url, DATA_DIR: dataDir })
  const dispense = await counters(caller(server.url, (await loadSigningKeys({ DATA_DIR: dataDir }))[0]))
  await dispense(seconds) // Warms up, and is not counted.
  const found: Record<'on' | 'off', number[]> = { on: [], off: [] }
  for (const phase of range(PHASES)) {
    // on, off off, on on, …: what warms up or tires favours neither.
    const mode = (phase + 1) % 4 < 2 ? 'on' : 'off'
    await switchLog.to(mode)
    found[mode].push(await dispense(seconds))
  }
  await server.stop()
  await switchLog.end()
  const mean = (rates: number[]) => rates.reduce((sum, rate) => sum + rate, 0) / rates.length
  const spread = (rates: number[]) => `${Math.round(Math.min(...rates))} to ${Math.round(Math.max(...rates))}`
  return {
    'hand-overs a second, 16 callers, log on (mean)': Math.round(mean(found.on)),
    'hand-overs a second, 16 callers, log off (mean)': Math.round(mean(found.off)),
    'log on : log off': (mean(found.on) / mean(found.off)).toFixed(3),
    'spread of the phases, on and off': `${spread(found.on)}, ${spread(found.off)}`,
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
function caller(url: string, key: SigningKey): Pick<Service, 'call' | 'token'> {
  return {
    token: (request) => signToken(key, { ttlSeconds: 3600, ...request }),
    call: async (method, path, { token, body, key: idempotencyKey } = {}) => {
      const response = await fetch(`${url}${path}`, {
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

/**
 * Puts 16 pharmacies into the world; answers what has each hand masks over for some seconds, and how many did a second.
 */
async function counters(service: Pick<Service, 'call' | 'token'>): Promise<(seconds: number) => Promise<number>> {
  const world = await makeWorld(service, 1_000_000)
  const places = await Promise.all(range(CALLERS).map((n) => world.pharmacy(n + 1)))
  const people = await Promise.all(range(CALLERS * 4).map((n) => world.professional(n + 1)))
  for (const place of places) must(201, await world.count(place, 1_000_000))
  return async (seconds) => {
    let done = 0
    const started = performance.now()
    const counters = places.map(async (place, n) => {
      for (let turn = 0; performance.now() < started + seconds * 1000; turn++) {
        must(201, await world.dispense(place, people[(n + turn * 7) % people.length]?.id ?? '', 1))
        done++
      }
    })
    await Promise.all(counters)
    return (done * 1000) / (performance.now() - started)
  }
}
