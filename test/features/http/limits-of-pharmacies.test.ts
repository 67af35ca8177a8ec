import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { grant, makeClient, tokenOf } from '../../support/clients.ts'
import { finess, rpps } from '../../support/numbers.ts'
import { seededUuid } from '../../support/seed.ts'
import { type Service, startBeside, startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { until } from '../../support/until.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const base = await startService(t)
const world = await makeWorld(base, null)
const { admin } = world
const [one, two] = [(await world.pharmacy(1)).finess, (await world.pharmacy(2)).finess]

/** A client of both pharmacies, made by an admin of its own, who is limited as well. */
async function vendor(service: Service, more: object = {}): Promise<{ id: string; token: string }> {
  const by = await service.token({ role: 'admin', subject: seededUuid() })
  const client = await makeClient(service, by, more)
  for (const place of [one, two]) await grant(service, { finess: place, token: by }, client)
  return { id: client.id, token: await tokenOf(service, client) }
}

const start = (limits: object, routes: (app: FastifyInstance) => void = () => {}) =>
  startBeside(t, { ...base, config: { ...base.config, RATE_LIMIT: 3, ...limits } }, { routes })
const limitedTo = (most: number) => ({ status: 429, headers: { 'ratelimit-limit': most, 'retry-after': /^[1-9]\d?$/ } })

/** Each way to name a pharmacy: in the path, as a filter, in the body. */
const ways = ({ call }: Service, token: string) => [
  (pharmacy: string) => call('GET', `/v1/pharmacies/${pharmacy}/stock`, { token }),
  (pharmacy: string) => call('GET', `/v1/dispensations?pharmacy=${pharmacy}`, { token }),
  (pharmacy: string) => {
    const body = dispensationBody(rpps(1), 1, { pharmacy })
    return call('POST', '/v1/dispensation-checks', { token, body })
  },
]

t.test('a loop in one pharmacy of a client is held back alone, however its requests name it', async (t) => {
  const service = await start({})
  for (const way of range(3)) {
    const ask = ways(service, (await vendor(service)).token)[way]
    if (!ask) throw new Error('there are three')
    for (const left of [2, 1, 0]) {
      t.match(await ask(one), { status: 200, headers: { 'ratelimit-limit': 3, 'ratelimit-remaining': left } })
    }
    for (const _ of range(5)) t.match(await ask(one), limitedTo(3))
    t.match(await ask(two), { status: 200, headers: { 'ratelimit-remaining': 2 } })
  }
})

t.test('pharmacies that are not its own, or not there, count for the client alone', async (t) => {
  const service = await start({})
  const { token } = await vendor(service)
  const [byPath, byFilter, inBody] = ways(service, token)
  if (!byPath || !byFilter || !inBody) throw new Error('there are three')
  const strangers = [finess(3), finess(4), finess(5), finess(6)]
  for (const [n, ask] of [byPath, byFilter, inBody].entries()) t.equal((await ask(strangers[n] ?? '')).status, 403)
  for (const ask of [byPath, byFilter, inBody]) t.match(await ask(strangers[3] ?? ''), limitedTo(3))
  t.match(await service.call('GET', '/v1/pharmacies?near=43.6,1.44&product=surgical', { token }), limitedTo(3))
  for (const ask of [byPath, byFilter, inBody]) t.equal((await ask(one)).status, 200, 'its own go on')
})

t.test('a body that cannot be read counts for the client, and its pharmacies go on', async (t) => {
  const service = await start({})
  const { token } = await vendor(service)
  const headers = { 'content-type': 'application/json' }
  const send = (body: string) => service.call('POST', '/v1/dispensation-checks', { token, headers, body })
  for (const body of ['{', `{"pharmacy":"${one}"`, '\u0000']) t.equal((await send(body)).status, 400)
  for (const body of ['{', 'x'.repeat(20_000), '[]']) t.match(await send(body), limitedTo(3))
  t.equal((await ways(service, token)[2]?.(one))?.status, 200)
})

t.test('wrong ids of one pharmacy hold back nobody else', async (t) => {
  const service = await start({ RATE_LIMIT: 600, RATE_LIMIT_NOT_FOUND: 3 })
  const { token } = await vendor(service, { scopes: ['reservations:read', 'stock:read'] })
  const lookup = (pharmacy: string) =>
    service.call('POST', '/v1/reservations/lookup', { token, body: { pickupCode: '0000-0000', pharmacy } })
  for (const _ of range(3)) t.equal((await lookup(one)).status, 404)
  t.match(await lookup(one), limitedTo(3))
  t.match(await ways(service, token)[0]?.(one), limitedTo(3), 'as it is where there is one pharmacy')
  t.equal((await lookup(two)).status, 404)
  t.equal((await service.call('GET', '/v1/allocation-rules', { token })).status, 403)
})

t.test(
  'an admin sets how much a client may ask in all; what a pharmacy’s limit refuses is no part of it',
  async (t) => {
    const service = await start({ RATE_LIMIT_CLIENT: 1_000 })
    const { id, token } = await vendor(service)
    const ask = (pharmacy: string) => service.call('GET', `/v1/pharmacies/${pharmacy}/stock`, { token })
    const { name, scopes } = must(200, await base.call('GET', `/v1/clients/${id}`, { token: admin })).body
    const change = { name, scopes, status: 'active', requestsPerMinute: 5 }
    const changed = await service.call('PUT', `/v1/clients/${id}`, { token: admin, body: change })
    t.match(changed, { status: 200, body: { requestsPerMinute: 5 } })
    for (const _ of range(3)) t.equal((await ask(one)).status, 200)
    for (const _ of range(5)) t.match(await ask(one), limitedTo(3))
    t.match(await ask(two), { status: 200, headers: { 'ratelimit-limit': 5, 'ratelimit-remaining': 1 } }, 'the tighter')
    t.equal((await ask(two)).status, 200)
    t.match(await ask(two), limitedTo(5))
    const { items } = must(
      200,
      await base.call('GET', `/v1/audit/admin-acts?object=${id}`, { token: world.regulator }),
    ).body
    t.match(items[0], { act: 'changeClient', before: { requestsPerMinute: null }, after: { requestsPerMinute: 5 } })
    for (const requestsPerMinute of [0, 1_000_001, 1.5, '5']) {
      const answer = await base.call('PUT', `/v1/clients/${id}`, {
        token: admin,
        body: { ...change, requestsPerMinute },
      })
      t.match(answer, { status: 400, body: { errors: [{ path: 'requestsPerMinute' }] } })
    }
  },
)

t.test('fifty requests of one pharmacy are worked on at a time, and the others’ meanwhile', async (t) => {
  const gate = Promise.withResolvers<void>()
  const service = await start({ RATE_LIMIT: 600 }, (app) =>
    app.get(
      '/gate/:finess',
      { config: { policy: { scope: 'stock:read', pharmacy: 'acting' } }, schema: { hide: true } },
      async ({ pharmacy }) => {
        if (pharmacy === one) await gate.promise
        return 'passed'
      },
    ),
  )
  const { token } = await vendor(service)
  const pass = (pharmacy: string) =>
    service.app.inject({ url: `/gate/${pharmacy}`, headers: { authorization: `Bearer ${token}` } })
  const greedy = range(60).map(() => pass(one))
  const answered: number[] = []
  for (const answer of greedy) void answer.then(({ statusCode }) => answered.push(statusCode))
  await until('not all of the excess was refused', () => answered.length === 10)
  t.same(new Set(answered), new Set([429]))
  t.equal((await pass(two)).statusCode, 200)
  gate.resolve()
  await Promise.all(greedy)
  t.equal(answered.filter((status) => status === 200).length, 50)
})
