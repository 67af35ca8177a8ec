import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { Config } from '../../../src/config.ts'
import { type Service, startBeside, startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'

const limited = { status: 429, body: { code: 'rate_limited' }, headers: { 'retry-after': /^[1-9]\d?$/ } }
const BAD = 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA'

const base = await startService(t)
const start = (t: Test, limits: Partial<Config>, routes: (app: FastifyInstance) => void = () => {}) =>
  startBeside(t, { ...base, config: { ...base.config, RATE_LIMIT: 600, ...limits } }, { routes })
const adminOf = ({ token }: Service, subject: string) => token({ role: 'admin', subject })
const ask = ({ call }: Service, token: string | undefined, address: string, headers = {}) =>
  call('GET', '/v1/allocation-rules', { token, address, headers })

t.test('429: a flood of wrong tokens, by address, before the next is verified', async (t) => {
  const service = await start(t, { RATE_LIMIT_UNAUTHENTICATED: 5 })
  const [known, unknown] = [await adminOf(service, 'known'), await adminOf(service, 'unknown')]
  t.equal((await ask(service, known, '192.0.2.1')).status, 200)
  for (const n of range(5)) t.equal((await ask(service, n % 2 ? undefined : `${BAD}${n}`, '192.0.2.1')).status, 401)
  const logged = service.logged.length
  t.match(await ask(service, BAD, '192.0.2.1'), limited)
  t.match(await ask(service, unknown, '192.0.2.1'), limited, 'nor is a right one looked at')
  t.notMatch(service.logged.slice(logged).join(''), 'unauthenticated', 'none was verified')
  t.equal((await ask(service, known, '192.0.2.1')).status, 200, 'a token accepted before is served all the same')
  t.equal((await ask(service, unknown, '192.0.2.2')).status, 200, 'another address goes on')
  t.equal((await service.call('GET', '/v1/products', { address: '192.0.2.1' })).status, 200, 'and what needs no token')
})

t.test('429: all callers of an address together, each of whom has a limit of its own', async (t) => {
  const service = await start(t, { RATE_LIMIT: 3, RATE_LIMIT_ADDRESS: 10 })
  for (const n of range(3)) {
    const token = await adminOf(service, `admin-${n}`)
    for (const _ of range(3)) t.equal((await ask(service, token, '192.0.2.1')).status, 200)
  }
  const [last, next] = [await adminOf(service, 'last'), await adminOf(service, 'next')]
  t.equal((await ask(service, last, '192.0.2.1')).status, 200)
  t.match(await ask(service, next, '192.0.2.1'), { ...limited, headers: { 'ratelimit-limit': 10 } })
  t.equal((await ask(service, next, '192.0.2.2')).status, 200)
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    for (const _ of range(15)) t.equal((await service.call('GET', path, { address: '192.0.2.1' })).status, 200, path)
  }
})

t.test('an address has ten times the requests of a caller, unless said', async (t) => {
  const service = await start(t, { RATE_LIMIT: 2 })
  const statuses: number[] = []
  for (const n of range(21)) statuses.push((await ask(service, await adminOf(service, `a${n}`), '192.0.2.1')).status)
  t.strictSame(statuses, [...range(20).map(() => 200), 429])
})

t.test('an IPv6 address is limited with its /64, and an IPv4 one is the same in either writing', async (t) => {
  const service = await start(t, { RATE_LIMIT_UNAUTHENTICATED: 2 })
  for (const [address, status] of [
    ['2001:db8:1:2::1', 401],
    ['2001:db8:1:2:ffff::2', 401],
    ['2001:db8:1:2:1234:5678:9abc:def0', 429],
    ['2001:db8:1:3::1', 401],
    ['192.0.2.1', 401],
    ['::ffff:192.0.2.1', 401],
    ['192.0.2.1', 429],
    ['192.0.2.2', 401],
  ] as const) {
    t.equal((await ask(service, BAD, address)).status, status, address)
  }
})

t.test('X-Forwarded-For is believed of the proxies that are trusted, and of nobody else', async (t) => {
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const none = await start(t, { RATE_LIMIT_UNAUTHENTICATED: 2 })
  const statuses = async (service: Service, address: string, forwarded: string[]) => {
    const answers: number[] = []
    for (const each of forwarded) answers.push((await ask(service, BAD, address, from(each))).status)
    return answers
  }
  t.strictSame(await statuses(none, '127.0.0.1', ['192.0.2.1', '192.0.2.2', '192.0.2.3']), [401, 401, 429])

  const some = await start(t, { RATE_LIMIT_UNAUTHENTICATED: 2, TRUST_PROXY: ['10.0.0.5', '10.1.0.0/16'] })
  t.strictSame(await statuses(some, '10.0.0.6', ['192.0.2.1', '192.0.2.2', '192.0.2.3']), [401, 401, 429], 'forged')
  t.strictSame(await statuses(some, '10.1.2.3', ['192.0.2.1', '192.0.2.1', '192.0.2.1']), [401, 401, 429])
  t.strictSame(await statuses(some, '10.0.0.5', ['192.0.2.1', '192.0.2.4']), [429, 401], 'whichever proxy it came by')
  const forged = ['1.1.1.1, 192.0.2.9', '2.2.2.2, 192.0.2.9, 10.1.0.1', '3.3.3.3, 192.0.2.9']
  t.strictSame(await statuses(some, '10.0.0.5', forged), [401, 401, 429], 'what the caller wrote before it counts not')
})

t.test('an address that a gateway forwards with its port is that address', async (t) => {
  const service = await start(t, { RATE_LIMIT_UNAUTHENTICATED: 2, TRUST_PROXY: ['10.0.0.5', '10.1.0.0/16'] })
  for (const [forwarded, status] of [
    ['203.0.113.8:50001', 401],
    ['203.0.113.8:50002', 401],
    ['203.0.113.8:50003', 429],
    ['203.0.113.8', 429],
    ['203.0.113.8:50004, 10.1.2.3:41000', 429],
    ['[2001:db8:1:2::8]:50001', 401],
    ['[2001:db8:1:2::8]', 401],
    ['2001:db8:1:2::8', 429],
  ] as const) {
    const answer = await ask(service, BAD, '10.0.0.5', { 'x-forwarded-for': forwarded })
    t.equal(answer.status, status, forwarded)
  }
})

t.test('429: requests for tokens, by address, and again after too many wrong secrets', async (t) => {
  const limits = { RATE_LIMIT_TOKENS: 4, RATE_LIMIT_UNAUTHENTICATED: 2 }
  const service = await start(t, limits, (app) =>
    app.post('/test/token', { config: { policy: 'public', limits: 'token' } }, async (request, reply) =>
      reply.code(request.headers['x-secret'] === 'right' ? 200 : 401).send({}),
    ),
  )
  const request = async (secret: string, remoteAddress: string) => {
    const headers = { 'x-secret': secret }
    const answer = await service.app.inject({ method: 'POST', url: '/test/token', headers, remoteAddress })
    t.equal(answer.headers['cache-control'], 'no-store')
    return answer.statusCode
  }
  const right = range(5).map(() => 'right')
  t.strictSame(await Array.fromAsync(right, (secret) => request(secret, '192.0.2.1')), [200, 200, 200, 200, 429])
  const tried = ['wrong', 'wrong', 'right']
  t.strictSame(await Array.fromAsync(tried, (secret) => request(secret, '192.0.2.2')), [401, 401, 429])
})
