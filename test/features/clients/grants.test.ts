import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { grant, makeClient, tokenOf } from '../../support/clients.ts'
import { finess } from '../../support/numbers.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
const { admin } = world
const nurse = await world.professional(1)
const forbidden = { status: 403, body: { code: 'forbidden' } }

const path = (pharmacy: string, client: string, rest = '') => `/v1/pharmacies/${pharmacy}/grants/${client}${rest}`
const put = (place: { finess: string; token: string }, client: string) =>
  call('PUT', path(place.finess, client), { token: place.token })
const withdraw = (place: { finess: string; token: string }, client: string) =>
  call('POST', path(place.finess, client, '/withdrawal'), { token: place.token })
const list = (place: { finess: string; token: string }, query = '') =>
  call('GET', `/v1/pharmacies/${place.finess}/grants${query}`, { token: place.token })

t.test('a vendor’s client with three grants works for these three, and not for a fourth', async (t) => {
  const [vendor, other] = [await makeClient(service, admin), await makeClient(service, admin)]
  const places = []
  for (const n of [1, 2, 3, 4]) places.push(await world.pharmacy(n))
  for (const place of places.slice(0, 3)) await grant(service, place, vendor)
  for (const place of places) must(201, await world.count(place, 100))
  const token = await tokenOf(service, vendor)
  const work = async (pharmacy: string) => [
    (await call('GET', `/v1/pharmacies/${pharmacy}/stock`, { token })).status,
    (await world.dispense({ finess: pharmacy, token }, nurse.id, 1, { pharmacy })).status,
  ]
  for (const place of places.slice(0, 3)) t.strictSame(await work(place.finess), [200, 201])
  t.strictSame(await work(places[3]?.finess ?? ''), [403, 403])
  const unnamed = await world.dispense({ finess: '', token }, nurse.id, 1)
  t.match(unnamed, { status: 400, body: { errors: [{ path: 'pharmacy' }] } })
  const stranger = await tokenOf(service, other)
  const refused = await world.dispense({ finess: '', token: stranger }, nurse.id, 1, { pharmacy: places[0]?.finess })
  t.match(refused, forbidden, 'another client has no part in it')
})

t.test('201, then 200: a grant is given once; withdrawn, it stays, and may be given anew', async (t) => {
  const [vendor, place] = [await makeClient(service, admin), await world.pharmacy(5)]
  const first = await put(place, vendor.id)
  t.match(first, {
    status: 201,
    body: { pharmacy: place.finess, client: { id: vendor.id, name: 'Officine Logiciel' }, grantedBy: 'pharmacy' },
  })
  t.match(first.body, { withdrawnAt: null, withdrawnBy: null })
  const again = await put(place, vendor.id)
  t.strictSame([again.status, again.body], [200, first.body])
  const ended = await withdraw(place, vendor.id)
  t.match(ended, { status: 200, body: { id: first.body.id, withdrawnBy: 'pharmacy' } })
  t.ok(Date.parse(ended.body.withdrawnAt) >= Date.parse(ended.body.grantedAt))
  t.strictSame((await withdraw(place, vendor.id)).body, ended.body)
  const anew = await put(place, vendor.id)
  t.equal(anew.status, 201)
  t.strictSame((await list(place)).body, { items: [anew.body, ended.body], nextCursor: null })
})

t.test('a client cannot grant, withdraw or list, for itself or for others, by whatever it was granted', async (t) => {
  const [vendor, friend, place] = [
    await makeClient(service, admin),
    await makeClient(service, admin),
    await world.pharmacy(6),
  ]
  await grant(service, place, vendor)
  const through = { finess: place.finess, token: await tokenOf(service, vendor) }
  const elsewhere = { ...(await world.pharmacy(7)), token: through.token }
  for (const own of [through, elsewhere]) {
    for (const client of [vendor.id, friend.id]) {
      t.match(await put(own, client), forbidden)
      t.match(await withdraw(own, client), forbidden)
    }
    t.match(await list(own), forbidden)
  }
  t.equal((await list(place)).body.items[0].withdrawnAt, null)
})

t.test('403: a pharmacy decides for itself alone; an admin with its mandate on paper for any', async (t) => {
  const [vendor, place, other] = [await makeClient(service, admin), await world.pharmacy(8), await world.pharmacy(9)]
  const foreign = { finess: place.finess, token: other.token }
  for (const answer of [await put(foreign, vendor.id), await withdraw(foreign, vendor.id), await list(foreign)]) {
    t.match(answer, forbidden)
  }
  const paper = { finess: place.finess, token: admin }
  t.match(await put(paper, vendor.id), { status: 201, body: { grantedBy: 'admin' } })
  t.match(await withdraw(place, vendor.id), { body: { grantedBy: 'admin', withdrawnBy: 'pharmacy' } })
  t.equal((await list(paper)).body.items.length, 1)
})

t.test('who granted and who withdrew is kept, a national number never', async (t) => {
  const [vendor, place, pharmacist] = [
    await makeClient(service, admin),
    await world.pharmacy(10),
    await world.professional(2),
  ]
  const person = { role: 'pharmacy' as const, subject: pharmacist.id, finess: [place.finess] }
  must(201, await put({ finess: place.finess, token: await service.token(person) }, vendor.id))
  must(200, await withdraw(place, vendor.id))
  const kept = await rows<{ by: string; until: string; person: string }>(
    service.db,
    'kept_grants',
    sql`select granted_by as by, withdrawn_by as until, 'pharmacy ' || i.person_id as person
        from client_grants, person_identifiers i where client_id = ${vendor.id}::uuid and i.identifier = ${pharmacist.id}`,
  )
  t.equal(kept.length, 1)
  t.equal(kept[0]?.by, kept[0]?.person)
  t.equal(kept[0]?.until, `pharmacy till-${place.finess}`)
})

t.test('404: no such client, pharmacy or grant; 400: a client that acts for no pharmacy, or no number', async (t) => {
  const [vendor, place] = [await makeClient(service, admin), await world.pharmacy(11)]
  const paper = { finess: finess(99), token: admin }
  for (const answer of [
    await put(place, seededUuid()),
    await put(paper, vendor.id),
    await list(paper),
    await withdraw(place, vendor.id),
  ]) {
    t.match(answer, { status: 404, body: { code: 'not_found' } })
  }
  const { id } = await makeClient(service, admin, { role: 'admin', scopes: ['clients:write'] })
  t.match(await put(place, id), { status: 400, body: { errors: [{ path: 'client' }] } })
  t.match(await put(place, 'me'), { status: 400, body: { errors: [{ path: 'client' }] } })
})

t.test('200: grants are listed a page at a time', async (t) => {
  const place = await world.pharmacy(12)
  const vendors = []
  for (const _ of range(3)) vendors.push((await makeClient(service, admin)).id)
  for (const id of vendors) must(201, await put(place, id))
  const first = (await list(place, '?limit=2')).body
  const second = (await list(place, `?limit=2&cursor=${first.nextCursor}`)).body
  const seen = [...first.items, ...second.items].map(({ client }: { client: { id: string } }) => client.id)
  t.strictSame([seen, second.nextCursor], [vendors.toReversed(), null])
})

t.test('of many grants given at once there is one', async (t) => {
  const [vendor, place] = [await makeClient(service, admin), await world.pharmacy(13)]
  const answers = await Promise.all(range(8).map(() => put(place, vendor.id)))
  t.same(answers.map(({ status }) => status).sort(), [...Array(7).fill(200), 201])
})

t.test('granting and withdrawing keep what every write promises', async (t) => {
  const [one, other, place] = [
    await makeClient(service, admin),
    await makeClient(service, admin),
    await world.pharmacy(14),
  ]
  const caller = { role: 'pharmacy' as const, subject: 'writes', finess: [place.finess] }
  await testWrite(t, service, {
    caller,
    method: 'PUT',
    path: path(place.finess, one.id),
    other: { path: path(place.finess, other.id) },
    status: 201,
  })
  await testWrite(t, service, {
    caller: { ...caller, subject: 'withdrawals' },
    method: 'POST',
    path: path(place.finess, one.id, '/withdrawal'),
    other: { path: path(place.finess, other.id, '/withdrawal') },
    status: 200,
  })
})
