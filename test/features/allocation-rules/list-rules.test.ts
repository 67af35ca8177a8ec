import t from 'tap'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const world = await makeWorld(service, null)
const nurse = await world.professional(1)
const list = (query = '', token: string | undefined = nurse.token) =>
  service.call('GET', `/v1/allocation-rules${query}`, { ...(token && { token }) })

const span = (validFrom: string, validTo: string | null) => world.rule({ validFrom, validTo })
const past = await span('2020-03-03T00:00:00.000Z', '2020-10-05T00:00:00.000Z')
const present = await span('2026-01-01T00:00:00.000Z', null)
const overlapping = await span('2020-09-01T00:00:00.000Z', null)
const future = await span('2099-01-01T00:00:00.000Z', null)

const ids = async (query = '') => must(200, await list(query)).body.items.map(({ id }: { id: string }) => id)

t.test('200: without a time the rules in force now, newest first', async (t) => {
  t.strictSame(await ids(), [overlapping.id, present.id])
})

t.test('200: with a time those in force then, from its first instant to before its last', async (t) => {
  t.strictSame(await ids('?at=2020-03-02T23:59:59.999Z'), [])
  t.strictSame(await ids('?at=2020-03-03T00:00:00Z'), [past.id])
  t.strictSame(await ids('?at=2020-10-04T23:59:59.999Z'), [overlapping.id, past.id])
  t.strictSame(await ids('?at=2020-10-05T00:00:00Z'), [overlapping.id])
  t.strictSame(await ids('?at=2100-01-01T00:00:00Z'), [future.id, overlapping.id, present.id])
})

t.test('200: pages follow each other, each rule once', async (t) => {
  const first = await list('?limit=1')
  const second = await list(`?limit=1&cursor=${first.body.nextCursor}`)
  t.strictSame(
    [first, second].map(({ body }) => body.items[0].id),
    [overlapping.id, present.id],
  )
  t.equal(second.body.nextCursor, null)
})

t.test('400: a time without an offset and a cursor of somebody else are refused by name', async (t) => {
  t.match(await list('?at=2020-03-03T00:00:00'), { status: 400, body: { errors: [{ path: 'at' }] } })
  t.match(await list('?cursor=IjEi'), { status: 400, body: { errors: [{ path: 'cursor' }] } })
})

t.test('401 without a token; every role reads; 403 for a suspended professional', async (t) => {
  t.equal((await service.call('GET', '/v1/allocation-rules')).status, 401)
  for (const token of [world.admin, world.regulator]) t.equal((await list('', token)).status, 200)
  const suspended = await world.professional(2, { status: 'suspended' })
  t.equal((await list('', suspended.token)).status, 403)
})
