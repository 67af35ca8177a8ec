import t from 'tap'
import { adeli, rpps } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { CENTRE, makeWorld } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)

const body = {
  profession: '60',
  speciality: 'I',
  familyName: 'N’Diaye-Lefèvre',
  givenName: 'Aïcha',
  otherIds: [adeli(1)],
  practice: { ...CENTRE, territory: 'FR-31' },
  status: 'active',
}
const put = (id: string, given: object, token = world.admin) =>
  call('PUT', `/v1/professionals/${id}`, { token, body: given })

t.test('201: a new professional answers as it was put in', async (t) => {
  const answer = await put(rpps(1), body)
  t.equal(answer.status, 201)
  t.strictSame(answer.body, { id: rpps(1), ...body })
})

t.test('200: put again it changes as a whole, but a number that is not named again stays', async (t) => {
  const { speciality: _, practice: __, otherIds: ___, ...rest } = body
  const answer = await put(rpps(1), { ...rest, familyName: 'Lefèvre', status: 'suspended' })
  t.equal(answer.status, 200)
  t.strictSame(answer.body, {
    id: rpps(1),
    ...rest,
    familyName: 'Lefèvre',
    status: 'suspended',
    speciality: null,
    practice: null,
    otherIds: [adeli(1)],
  })
})

t.test('national prefixes are taken off in the path and in otherIds', async (t) => {
  const answer = await put(`8${rpps(2)}`, { ...body, otherIds: [`0${adeli(2)}`, rpps(2)] })
  t.match(answer, { status: 201, body: { id: rpps(2), otherIds: [adeli(2)] } })
  t.match(await put(adeli(2), { ...body, otherIds: [] }), { status: 200, body: { id: adeli(2), otherIds: [rpps(2)] } })
})

t.test('201: a number that nobody had is new, though the person was known by another', async (t) => {
  t.match(await put(adeli(3), { ...body, otherIds: [rpps(2)] }), {
    status: 201,
    body: { id: adeli(3), otherIds: [adeli(2), rpps(2)].sort() },
  })
})

t.test('400: wrong fields are refused by name', async (t) => {
  for (const [given, path] of [
    [{ ...body, practice: { ...CENTRE, territory: 'FR-99' } }, 'practice.territory'],
    [{ ...body, practice: { ...CENTRE, territory: 'FR-31', longitude: 181 } }, 'practice.longitude'],
    [{ ...body, otherIds: ['99700000000'] }, 'otherIds[0]'],
    [{ ...body, profession: 10 }, 'profession'],
    [{ ...body, familyName: ' ' }, 'familyName'],
  ] as const) {
    t.match(await put(rpps(4), given), { status: 400, body: { errors: [{ path }] } }, path)
  }
  t.match(await put('99700000000', body), { status: 400, body: { errors: [{ path: 'id' }] } })
})

t.test('401 without a token, 403 for the professional and for a pharmacy', async (t) => {
  t.equal((await call('PUT', `/v1/professionals/${rpps(5)}`, { body })).status, 401)
  const { id, token } = await world.professional(5)
  t.match(await put(id, body, token), { status: 403, body: { code: 'forbidden' } })
  t.equal((await put(id, body, (await world.pharmacy(1)).token)).status, 403)
})

t.test('putting a professional keeps what every write promises', (t) =>
  testWrite(t, service, {
    method: 'PUT',
    path: `/v1/professionals/${rpps(6)}`,
    body: { ...body, otherIds: [] },
    other: { path: `/v1/professionals/${rpps(6)}`, body: { ...body, otherIds: [], status: 'suspended' } },
    status: 201,
  }),
)
