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

t.test('429: a flood of wrong tokens, by address; a right one behind the same address is served', async (t) => {
  const service = await start(t, { RATE_LIMIT_UNAUTHENTICATED: 5 })
  const fresh = await adminOf(service, 'fresh')
  for (const n of range(5)) t.equal((await ask(service, n % 2 ? undefined : `${BAD}${n}`, '192.0.2.1')).status, 401)
  t.match(await ask(service, BAD, '192.0.2.1'), { ...limited, headers: { 'ratelimit-limit': 5 } })
  t.equal((await ask(service, fresh, '192.0.2.1')).status, 200, 'who proves who they are is limited by who they are')
  t.match(await ask(service, BAD, '192.0.2.1'), limited, 'and lifts no limit for others')
  t.equal((await ask(service, BAD, '192.0.2.2')).status, 401, 'another address goes on')
  t.equal((await service.call('GET', '/v1/products', { address: '192.0.2.1' })).status, 200, 'and what needs no token')
})

t.test('200: any number of callers behind one address, each of whom has a limit of its own', async (t) => {
  const service = await start(t, { RATE_LIMIT: 2 })
  for (const n of range(40)) {
    const token = await adminOf(service, `admin-${n}`)
    for (const _ of range(2)) t.equal((await ask(service, token, '192.0.2.1')).status, 200)
  }
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
