import t from 'tap'
import { askToken, basic, makeClient } from '../support/clients.ts'
import { startBeside, startService } from '../support/service.ts'
import { range } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { makeWorld } from '../support/world.ts'

const base = await startService(t)
const { admin } = await makeWorld(base, null)
const [client, second] = [await makeClient(base, admin), await makeClient(base, admin)]
const limits = { RATE_LIMIT: 600, RATE_LIMIT_UNAUTHENTICATED: 20, RATE_LIMIT_NOT_FOUND: 10, RATE_LIMIT_TOKENS: 5 }
const start = () => startBeside(t, { ...base, config: { ...base.config, ...limits } })
const limited = { status: 429, headers: { 'retry-after': /^[1-9]\d?$/ } }

t.test('the right secret is answered, whatever else has come from its address', async (t) => {
  const service = await start()
  for (const n of range(10)) t.equal((await service.call('GET', `/nothing-${n}`)).status, 404)
  t.equal((await service.app.inject({ url: '/nothing' })).statusCode, 429)
  for (const _ of range(10)) t.equal((await askToken(service, {})).status, 401, 'an empty request')
  const other = { ...client, id: '0199c2a0-0000-7000-8000-000000000000' }
  for (const _ of range(5)) t.equal((await askToken(service, basic(other))).status, 401, 'an unknown client')
  const wrong = { ...client, secret: client.secret.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) }
  for (const _ of range(5)) t.equal((await askToken(service, basic(wrong))).status, 401, 'a wrong secret')
  for (const each of [wrong, other]) t.match(await askToken(service, basic(each)), limited, 'guessing is limited')
  t.match(await askToken(service, {}), limited)
  t.equal((await askToken(service, basic(client))).status, 200)
  t.equal((await service.call('GET', '/v1/territories')).status, 429, 'and so are requests without a token')
})

t.test('a client has a limit of its own on tokens, wherever it asks from', async (t) => {
  const service = await start()
  for (const _ of range(5)) t.equal((await askToken(service, basic(client))).status, 200)
  t.match(await askToken(service, basic(client)), limited)
  t.equal((await askToken(service, basic(second))).status, 200, 'another behind the same address goes on')
})

t.test('a flood is answered late, and nobody else is', async (t) => {
  const service = await start()
  const { app } = service
  const flood = () => app.inject({ url: '/healthz', remoteAddress: '192.0.2.66' })
  for (const _ of range(600)) await flood()
  const order: string[] = []
  const late = flood().then(({ statusCode }) => order.push(`flood ${statusCode}`))
  await app.inject({ url: '/healthz' })
  order.push('another')
  await until('it was not answered', () => order.length === 2)
  await late
  t.strictSame(order, ['another', 'flood 200'], 'it is late, and still an answer')
})
