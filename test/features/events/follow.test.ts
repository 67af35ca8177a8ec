import type { AddressInfo } from 'node:net'
import t from 'tap'
import { clientBody, grant, makeClient, tokenOf } from '../../support/clients.ts'
import { followEvents } from '../../support/event-stream.ts'
import { letPass } from '../../support/monotonic.ts'
import { startBeside, startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { until } from '../../support/until.ts'
import { makeWorld, must } from '../../support/world.ts'

// What only waits for the next look waits less.
const pace = { lookEveryMs: 20, checkEveryMs: 100 }
const service = await startService(t, {}, { connections: 5, pace })
const { call } = service
const world = await makeWorld(service, 50)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
const nurse = await world.professional(1)
for (const each of [place, other]) must(201, await world.count(each, 100))
const listen = async ({ app }: Pick<typeof service, 'app'>) => {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}
const base = await listen(service)
const follow = async (...args: Parameters<typeof followEvents> extends [string, ...infer Rest] ? Rest : never) => {
  const stream = await followEvents(base, ...args)
  t.teardown(() => stream.leave())
  return stream
}

t.test('a follower is told what has happened and what happens, as pages tell it', async (t) => {
  const stream = await follow(place.token)
  t.equal(stream.status, 200)
  await until('the past is not told', () => stream.told.length === 3)
  must(201, await world.reserve(nurse.token, { quantity: 2, pharmacy: place.finess }))
  must(201, await world.reserve(nurse.token, { quantity: 2, pharmacy: other.finess }))
  await until('the present is not told', () => stream.told.length === 4)
  const { items } = must(200, await call('GET', '/v1/events?limit=100', { token: place.token })).body
  t.same(
    stream.told.map(({ data }) => data),
    items,
  )
  t.same(
    stream.told.map(({ id, event }) => ({ id, type: event })),
    items.map(({ id, type }: { id: string; type: string }) => ({ id, type })),
  )
  t.notMatch(JSON.stringify(stream.told), other.finess)

  const later = await follow(place.token, { last: items[1].id })
  await until('it does not continue', () => later.told.length === 2)
  t.same(
    later.told.map(({ id }) => id),
    items.slice(2).map(({ id }: { id: string }) => id),
  )
  const only = await follow(world.regulator, { query: `?after=latest&type=stock.declared&pharmacy=${place.finess}` })
  must(200, await world.count(other, 90))
  must(200, await world.count(place, 90))
  await until('nothing is told', () => only.told.length > 0)
  t.match(only.told, [{ event: 'stock.declared', data: { data: { pharmacy: place.finess, onHand: 90 } } }])
  for (const each of [stream, later, only]) each.leave()
})

t.test('a stream says something every 15 seconds', async (t) => {
  const stream = await follow(place.token, { query: '?after=latest' })
  letPass(t, 15_000)
  await until('it is silent', () => stream.comments > 0)
  t.same(stream.told, [])
  stream.leave()
})

t.test('a stream ends with the right to read', async (t) => {
  const machine = await makeClient(service, world.admin, clientBody({ scopes: ['stock:read'] }))
  await grant(service, place, machine)
  const token = await tokenOf(service, machine)
  const [whole, narrow] = [await follow(token), await follow(token, { query: `?pharmacy=${place.finess}` })]
  await until('nothing is told', () => whole.told.length > 0 && narrow.told.length > 0)
  must(
    200,
    await call('POST', `/v1/pharmacies/${place.finess}/grants/${machine.id}/withdrawal`, { token: place.token }),
  )
  const told = whole.told.length
  must(200, await world.count(place, 80))
  await narrow.ended
  t.equal(narrow.told.length, told, 'nothing of what happened after it')
  must(200, await call('POST', `/v1/clients/${machine.id}/token-revocation`, { token: world.admin, body: {} }))
  await whole.ended
  t.equal(whole.told.length, told)

  const short = await service.token({ role: 'pharmacy', subject: 'till', finess: [place.finess], ttlSeconds: 1 })
  await (await follow(short)).ended
  t.equal((await follow(short)).status, 401)
})

t.test('what cannot be followed is said at once', async (t) => {
  for (const [query, last, status] of [
    ['?limit=5', undefined, 400],
    ['?type=x', undefined, 400],
    ['', 'nothing of ours', 400],
    [`?pharmacy=${other.finess}`, undefined, 403],
    ['', '01800000-0000-7000-8000-000000000000', 200],
  ] as const) {
    const stream = await follow(place.token, { query, last })
    t.equal(stream.status, status, `${query} ${last}`)
    stream.leave()
  }
  t.equal((await follow(world.admin)).status, 403)
  t.equal((await follow('x')).status, 401)
})

t.test('a caller follows ten at most; whoever is slow keeps nobody up; all end when the service stops', async (t) => {
  const beside = await startBeside(t, service, { pace })
  const there = await listen(beside)
  const streams = await Promise.all(range(10).map(() => followEvents(there, nurse.token)))
  t.same(
    streams.map(({ status }) => status),
    range(10).map(() => 200),
  )
  t.equal((await followEvents(there, nurse.token)).status, 429)
  const one = await followEvents(there, place.token)
  t.equal(one.status, 200, 'another caller does')
  streams[0]?.leave()
  await until('its place is not free', async () => (await followEvents(there, nurse.token)).status === 200)
  await beside.app.close()
  await Promise.all([...streams, one].map(({ ended }) => ended))
})
