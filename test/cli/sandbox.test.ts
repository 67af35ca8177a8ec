import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createClient } from '../../src/client/client.ts'
import { onEmbeddedOnly } from '../support/database.ts'
import { inherited } from '../support/environment.ts'
import { makeFolder } from '../support/process.ts'
import { startService } from '../support/service.ts'

const LAUNCHER = fileURLToPath(new URL('../../src/launch.mjs', import.meta.url))
const WEEK_SECONDS = 7 * 86_400

async function startSandbox(t: Test): Promise<string> {
  const child = spawn(process.execPath, [LAUNCHER, 'sandbox'], {
    env: { ...inherited, DATA_DIR: await makeFolder(t), PORT: '0', RATE_LIMIT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    const [, found] = /listens at (\S+)/.exec(line) ?? []
    if (found) return found
  }
  throw new Error('the sandbox ended before it listened')
}

t.test('gomask sandbox', { skip: onEmbeddedOnly }, async (t) => {
  const url = await startSandbox(t)
  const guide = await read('/v1/sandbox')
  const tokenOf = (name: string) => guide.people.find((person: { name: string }) => person.name === name).token
  const { finess } = guide.pharmacies[0]
  const surgical = { product: 'surgical', quantity: 18 }
  const handOver = { pharmacy: finess, professional: '99700090022', identityCheck: { method: 'cps_card' as const } }
  const { id: clientId, secret: clientSecret } = guide.client
  const till = createClient({ baseUrl: url, auth: { clientId, clientSecret } })

  // biome-ignore lint/suspicious/noExplicitAny: read as a caller does.
  async function read(path: string, more: RequestInit = {}): Promise<any> {
    return (await fetch(`${url}${path}`, more)).json()
  }

  function post(path: string, body: object, headers: Record<string, string> = {}): RequestInit & { path: string } {
    return {
      path,
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    }
  }

  t.test('an answer is lost on demand, and the same request with the same key finds what was done', async (t) => {
    const headers = { authorization: `Bearer ${tokenOf('Infirmier')}`, 'idempotency-key': 'once' }
    const { path, ...sent } = post('/v1/reservations', { product: 'ffp2', quantity: 2 }, headers)
    const fault = (name: string) => ({ ...sent, headers: { ...sent.headers, 'x-sandbox-fault': name } })
    await t.rejects(fetch(`${url}${path}`, fault('answer_lost')), 'the connection is cut')
    const again = await fetch(`${url}${path}`, sent)
    t.equal(again.headers.get('idempotency-replayed'), 'true')
    t.equal((await fetch(`${url}${path}`, fault('outcome_unknown'))).status, 503)
    const limited = await fetch(`${url}${path}`, fault('rate_limited'))
    t.same([limited.status, limited.headers.get('retry-after')], [429, '1'])
    t.match(await read(path, fault('earthquake')), { code: 'invalid_request', errors: [{ path: 'x-sandbox-fault' }] })
  })

  t.test('the clock is moved ahead: last week’s share counts no more, and holds are over', async (t) => {
    const params = { header: { 'x-operator': 'anna' } }
    const body = { ...handOver, lines: [{ ...surgical, quantity: 16 }] }
    const { data, error } = await till.POST('/v1/dispensations', { params, body })
    t.match(data, { remaining: [{ product: 'surgical', quantity: 0 }] }, JSON.stringify(error))
    const before = guide.clock
    const { path, ...move } = post('/v1/sandbox/clock', { aheadSeconds: WEEK_SECONDS })
    const { clock } = await read(path, move)
    t.ok(Date.parse(clock) - Date.parse(before) >= WEEK_SECONDS * 1000)
    t.match(await read('/readyz'), { ready: true }, 'a clock moved on purpose is no fault')
    const next = await till.POST('/v1/dispensations', { params, body: { ...handOver, lines: [surgical] } })
    t.match(next.data, { remaining: [{ product: 'surgical', quantity: 0 }] }, 'a new week, and a token of the new time')
  })

  t.test('who sent what is judged by the rules for tills', async (t) => {
    const { items } = await read('/v1/sandbox/conformance')
    const outcomes = Object.fromEntries(
      items.map(({ rule, outcome }: { rule: string; outcome: string }) => [rule, outcome]),
    )
    t.match(outcomes, {
      every_write_has_a_key: 'kept',
      one_key_for_one_request: 'kept',
      waits_as_long_as_told: 'broken',
      names_the_operator: 'kept',
    })
  })

  t.test('a real service refuses the sandbox’s tokens, and has no sandbox', async (t) => {
    const { call } = await startService(t)
    t.match(await call('GET', '/v1/entitlements/me', { token: tokenOf('Infirmier') }), { status: 401 })
    t.match(await call('GET', '/v1/sandbox'), { status: 404 })
  })
})
