import t from 'tap'
import { accessesTo } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { TIME } from '../../support/times.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 10)
const place = await world.pharmacy(1)
await world.pharmacy(2, { territory: 'FR-22' })
const nurse = await world.professional(1)
const doctor = await world.professional(2, { profession: '10' })
const regulator = (territories: string[], professions: string[] = []) =>
  service.token({ role: 'regulator', subject: 'ars-31', territories, professions })
const list = async (query: string, token: string) =>
  must(200, await call('GET', `/v1/audit/admin-acts?${query}`, { token })).body

t.test('200: who did what to what, newest first, with what was before and after', async (t) => {
  const body = { name: 'Renamed', address: 'A', ...CENTRE, territory: 'FR-31', status: 'suspended' }
  must(200, await call('PUT', `/v1/pharmacies/${place.finess}`, { token: world.admin, body }))
  const { items } = await list('kind=pharmacy', world.regulator)
  t.match(items[0], {
    at: TIME,
    by: { role: 'admin', name: 'admin' },
    address: '127.0.0.1',
    act: 'putPharmacy',
    object: { kind: 'pharmacy', id: place.finess },
    before: { name: 'Pharmacie 1', status: 'active', openingHours: null },
    after: { name: 'Renamed', status: 'suspended' },
    withheld: [],
  })
  t.match(items.slice(1), [{ before: null }, { before: null }])
})

t.test('200: in the regulator’s remit only, and what has no territory for a whole country’s', async (t) => {
  const kindsOf = async (token: string) =>
    [...new Set((await list('limit=100', token)).items.map(({ object }: Item) => object.kind))].sort()
  t.strictSame(await kindsOf(world.regulator), ['number', 'pharmacy', 'product', 'professional', 'rule'])
  t.strictSame(await kindsOf(await regulator(['FR-31'])), ['number', 'pharmacy', 'professional'])
  t.strictSame(await kindsOf(await regulator(['FR-22'])), ['pharmacy'])
  t.strictSame(await kindsOf(await regulator(['FR-75'])), [])
  const people = await list('kind=professional', await regulator(['FR-31'], ['10']))
  t.match(people.items, [{ after: { profession: '10' } }])
})

t.test('200: by one person, whose reading is recorded, found or not', async (t) => {
  const before = (await accessesTo(db, doctor.id)).length
  const { items } = await list(`professional=${doctor.id}`, world.regulator)
  t.match(
    items.map(({ object }: Item) => object.kind),
    ['number', 'professional'],
  )
  t.notOk(JSON.stringify(items).includes(doctor.id))
  t.strictSame((await list(`professional=${nurse.id}`, await regulator(['FR-75']))).items, [])
  t.match(await accessesTo(db, nurse.id), [{ kind: 'professional', reader: 'ars-31', outcome: 'not_found' }])
  const own = (await call('GET', '/v1/accesses/me', { token: doctor.token })).body.items
  t.match(own[0], { kind: 'professional', outcome: 'shown' }, 'the person sees it')
  t.equal((await accessesTo(db, doctor.id)).length, before, 'as a list')
})

t.test('200: pages follow one another without gaps', async (t) => {
  const all = (await list('limit=100', world.regulator)).items.map(({ id }: Item) => id)
  const paged: string[] = []
  for (let cursor = ''; ; ) {
    const { items, nextCursor } = await list(`limit=3${cursor}`, world.regulator)
    paged.push(...items.map(({ id }: Item) => id))
    if (nextCursor === null) break
    cursor = `&cursor=${nextCursor}`
  }
  t.strictSame(paged, all)
})

t.test('403: nobody but regulators', async (t) => {
  for (const token of [world.admin, place.token, nurse.token]) {
    t.match(await call('GET', '/v1/audit/admin-acts', { token }), { status: 403 })
  }
})

interface Item {
  id: string
  object: { kind: string; id: string }
}
