import t from 'tap'
import { finess } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)

const body = {
  name: 'Pharmacie de l’Écluse',
  address: '7 bis rue du Canal, 31000 Toulouse',
  latitude: 43.6101,
  longitude: 1.4501,
  openingHours: 'Mo-Fr 09:00-12:15 / 14:15-19:00; Sa 09:00-12:00',
  territory: 'FR-OCC',
  phone: '+33 5 00 00 00 01',
  status: 'active',
}
const put = (number: string, given: object, token = world.admin) =>
  call('PUT', `/v1/pharmacies/${number}`, { token, body: given })

t.test('201: a new pharmacy answers as it was put in, with no stock yet', async (t) => {
  const answer = await put(finess(1), body)
  t.equal(answer.status, 201)
  t.strictSame(answer.body, { finess: finess(1), ...body, service: null, stock: [] })
})

t.test('200: put again it changes as a whole: what is left out is taken away', async (t) => {
  const { openingHours: _, phone: __, ...rest } = body
  const answer = await put(finess(1), { ...rest, name: 'Pharmacie', status: 'suspended' })
  t.equal(answer.status, 200)
  t.strictSame(answer.body, {
    finess: finess(1),
    ...rest,
    name: 'Pharmacie',
    status: 'suspended',
    openingHours: null,
    service: null,
    stock: [],
  })
})

t.test('the territory follows from the FINESS number when it is left out, in Corsica and overseas too', async (t) => {
  const { territory: _, ...rest } = body
  for (const [number, territory] of [
    [finess(2), 'FR-31'],
    ['2A9900016', 'FR-2A'],
    [finess(2, '97'), undefined],
  ] as const) {
    const answer = await put(number, rest)
    if (territory) t.match(answer, { status: 201, body: { territory } })
    else t.match(answer, { status: 400, body: { errors: [{ path: 'territory' }] } })
  }
})

t.test('the shelves of a pharmacy that moves are found where it is now', async (t) => {
  const place = await world.pharmacy(3)
  must(201, await world.count(place, 40))
  const far = { latitude: 48.8566, longitude: 2.3522 }
  t.equal((await put(place.finess, { ...body, ...far })).status, 200)
  const search = async ({ latitude, longitude }: typeof far) => {
    const query = `near=${latitude},${longitude}&product=surgical&maxDistanceMetres=2000`
    return (await call('GET', `/v1/pharmacies?${query}`, { token: world.admin })).body.items
  }
  t.match(await search(far), [{ finess: place.finess, distanceMetres: 0, available: 40 }])
  t.strictSame(await search(CENTRE), [])
})

t.test('400: wrong fields are refused by name', async (t) => {
  for (const [given, path] of [
    [{ ...body, territory: 'FR-99' }, 'territory'],
    [{ ...body, latitude: 90.1 }, 'latitude'],
    [{ ...body, address: undefined }, 'address'],
    [{ ...body, address: 'x'.repeat(2_049) }, 'address'],
    [{ ...body, name: '' }, 'name'],
    [{ ...body, name: 'x'.repeat(513) }, 'name'],
    [{ ...body, openingHours: 'x'.repeat(501) }, 'openingHours'],
    [{ ...body, phone: '0'.repeat(41) }, 'phone'],
    [{ ...body, status: 'open' }, 'status'],
  ] as const) {
    t.match(await put(finess(4), given), { status: 400, body: { errors: [{ path }] } }, path)
  }
  t.match(await put('310000001', body), { status: 400, body: { errors: [{ path: 'finess' }] } })
})

t.test('401 without a token, 403 for the pharmacy itself', async (t) => {
  t.equal((await call('PUT', `/v1/pharmacies/${finess(1)}`, { body })).status, 401)
  const { token, finess: number } = await world.pharmacy(5)
  t.match(await put(number, body, token), { status: 403, body: { code: 'forbidden' } })
})

t.test('putting a pharmacy keeps what every write promises', (t) =>
  testWrite(t, service, {
    method: 'PUT',
    path: `/v1/pharmacies/${finess(6)}`,
    body,
    other: { path: `/v1/pharmacies/${finess(6)}`, body: { ...body, name: 'Autre' } },
    status: 201,
  }),
)
