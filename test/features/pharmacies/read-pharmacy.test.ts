import t from 'tap'
import { sql } from '../../../src/db/sql.ts'
import { finess } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 100)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 40))
must(201, await world.count(place, 5, 'ffp2'))

const read = (token: string, number = place.finess) => call('GET', `/v1/pharmacies/${number}`, { token })

t.test('200: every role reads a pharmacy with what is available by product', async (t) => {
  const { status, body } = await read(nurse.token)
  t.equal(status, 200)
  t.match(body, { finess: place.finess, openingHours: null, territory: 'FR-31', status: 'active' })
  t.notOk('phone' in body)
  t.match(body.stock, [
    { product: 'ffp2', available: 5 },
    { product: 'surgical', available: 40, observedAt: /^\d{4}-.*Z$/ },
  ])
  for (const token of [place.token, world.regulator, world.admin]) t.equal((await read(token)).status, 200)
})

t.test('what is held is not available, and is again once the hold has expired, though no job has run', async (t) => {
  must(201, await world.reserve(nurse.token, { quantity: 15, pharmacy: place.finess }))
  const available = async () => (await read(nurse.token)).body.stock[1].available
  t.equal(await available(), 25)
  await service.db.execute(
    sql`update reservations set created_at = created_at - interval '2 days', expires_at = clock_timestamp() - interval '1 ms'`,
  )
  t.equal(await available(), 40)
})

t.test('404: a pharmacy that is not there', async (t) => {
  t.match(await read(nurse.token, finess(99)), { status: 404, body: { code: 'not_found' } })
})

t.test('400: a FINESS number with a wrong key', async (t) => {
  t.match(await read(nurse.token, '310000001'), { status: 400, body: { errors: [{ path: 'finess' }] } })
})

t.test('401 without a token, 403 for a professional that is suspended', async (t) => {
  t.equal((await call('GET', `/v1/pharmacies/${place.finess}`)).status, 401)
  const suspended = await world.professional(2, { status: 'suspended' })
  t.match(await read(suspended.token), { status: 403, body: { code: 'professional_suspended' } })
})
