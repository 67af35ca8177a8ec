import t from 'tap'
import { finess } from '../../support/numbers.ts'
import { letExpire } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { TIME } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)

const read = (token: string | undefined, number = place.finess) =>
  call('GET', `/v1/pharmacies/${number}/stock`, { token })

t.test('200: nothing is declared at first', async (t) => {
  const answer = await read(place.token)
  t.strictSame([answer.status, answer.body], [200, { items: [] }])
})

t.test('200: each product with what is on hand, held and available', async (t) => {
  must(201, await world.count(place, 40))
  must(201, await world.count(place, 7, 'ffp2'))
  const hold = must(201, await world.reserve(nurse.token, { quantity: 15, pharmacy: place.finess })).body
  const { items } = must(200, await read(place.token)).body
  t.match(items, [
    { product: 'ffp2', onHand: 7, held: 0, available: 7, observedAt: TIME },
    { product: 'surgical', onHand: 40, held: 15, available: 25, observedAt: TIME },
  ])
  for (const { version } of items) t.ok(Number.isInteger(version))
  await letExpire(db, hold.id)
  const [, after] = must(200, await read(place.token)).body.items
  t.match(after, { onHand: 40, held: 0, available: 40 }, 'a hold that has expired is given back, though no job has run')
})

t.test('200: a regulator reads it in its remit, which reaches all territories below', async (t) => {
  for (const territories of [['FR'], ['FR-OCC'], ['FR-31'], ['FR-BRE', 'FR-31']]) {
    const token = await service.token({ role: 'regulator', subject: 'ars', territories })
    t.equal((await read(token)).body.items.length, 2, territories.join())
  }
})

t.test('404: outside the remit and for a pharmacy that is not there, alike', async (t) => {
  const bretagne = await service.token({ role: 'regulator', subject: 'ars-bre', territories: ['FR-BRE'] })
  const outside = await read(bretagne)
  t.match(outside, { status: 404, body: { code: 'not_found' } })
  const nowhere = await read(world.regulator, finess(999))
  t.match(nowhere, { status: 404, body: { code: 'not_found', detail: outside.body.detail } })
  const nobody = await service.token({ role: 'regulator', subject: 'nobody' })
  t.equal((await read(nobody)).status, 404, 'no territories are no remit')
})

t.test('400: a number that is no FINESS number', async (t) => {
  t.match(await read(place.token, '310000000'), { status: 400, body: { errors: [{ path: 'finess' }] } })
})

t.test('401 without a token; 403 for another pharmacy, a suspended one, professionals and the admin', async (t) => {
  const other = await world.pharmacy(2)
  const suspended = await world.pharmacy(3, { status: 'suspended' })
  t.equal((await read(undefined)).status, 401)
  for (const token of [other.token, nurse.token, world.admin]) {
    t.match(await read(token), { status: 403, body: { code: 'forbidden' } })
  }
  t.match(await read(suspended.token, suspended.finess), { status: 403, body: { code: 'pharmacy_suspended' } })
})
