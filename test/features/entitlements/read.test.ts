import t from 'tap'
import { adeli, rpps } from '../../support/numbers.ts'
import { accessesTo, letExpire } from '../../support/records.ts'
import { type Answer, startService } from '../../support/service.ts'
import { TIME, UUID_V7 } from '../../support/times.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 18)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) {
  for (const product of ['surgical', 'ffp2']) must(201, await world.count(each, 1_000, product))
}

const own = (token: string | undefined) => call('GET', '/v1/entitlements/me', { token })
/** What an answer says but for its windows, which roll on with the clock. */
const figures = ({ body }: Answer) => body.items.map(({ window: _, ...figures }: { window: object }) => figures)
const named = (id: string, token: string | undefined) => call('GET', `/v1/professionals/${id}/entitlements`, { token })

t.test('200: per product the cap, what was received everywhere and is held, and what remains', async (t) => {
  const nurse = await world.professional(1)
  must(201, await world.dispense(place, nurse.id, 4))
  must(201, await world.dispense(other, nurse.id, 0, { lines: [{ product: 'ffp2', quantity: 2 }] }))
  const hold = must(201, await world.reserve(nurse.token, { quantity: 3, pharmacy: other.finess })).body
  const { status, body } = await own(nurse.token)
  t.equal(status, 200)
  t.strictSame(Object.keys(body), ['items'])
  t.strictSame(
    body.items.map(({ rule: _, window: __, ...rest }: { rule: object; window: object }) => rest),
    ['ffp2', 'surgical'].map((product) => ({ product, cap: 18, received: 6, held: 3, remaining: 9 })),
    'one cap over both products',
  )
  for (const { rule, window } of body.items) {
    t.match(rule, { id: UUID_V7, source: { title: 'A rule for tests', reference: 'TEST-1', url: null } })
    t.match(window, { start: TIME, end: TIME })
    t.equal(Date.parse(window.end) - Date.parse(window.start), 7 * 24 * 3_600_000)
  }
  await letExpire(db, hold.id)
  t.match((await own(nurse.token)).body.items, [
    { held: 0, remaining: 12 },
    { held: 0, remaining: 12 },
  ])
})

t.test('200: what only holds use up remains 0, and nothing less after an override', async (t) => {
  const nurse = await world.professional(2)
  must(201, await world.dispense(place, nurse.id, 25, { override: { reasonCode: 'cluster' } }))
  t.match((await own(nurse.token)).body.items[1], { received: 25, remaining: 0 })
})

t.test('200: products without a rule for this profession are left out', async (t) => {
  const doctor = await world.professional(3, { profession: '10' })
  t.strictSame((await own(doctor.token)).body, { items: [] })
  await world.rule({ beneficiaries: [{ profession: '10' }], products: ['ffp2'], cap: 6 })
  t.match((await own(doctor.token)).body.items, [{ product: 'ffp2', cap: 6, remaining: 6 }])
})

t.test('200: a professional names itself by any of its numbers; 404 for anybody else', async (t) => {
  const nurse = await world.professional(4, { otherIds: [adeli(4)] })
  must(201, await world.dispense(place, nurse.id, 4))
  const mine = figures(await own(nurse.token))
  for (const id of [nurse.id, `8${nurse.id}`, adeli(4), `0${adeli(4)}`]) {
    const answer = await named(id, nurse.token)
    t.strictSame([answer.status, figures(answer)], [200, mine])
  }
  t.strictSame(await accessesTo(db, nurse.id), [], 'reading about oneself is not recorded')
  const colleague = await world.professional(5)
  t.match(await named(nurse.id, colleague.token), { status: 404, body: { code: 'not_found' } })
  t.match(await named(rpps(999), colleague.token), { status: 404, body: { code: 'not_found' } })
})

t.test('200: a regulator reads in its remit, and each reading is recorded', async (t) => {
  const nurse = await world.professional(6)
  must(201, await world.dispense(place, nurse.id, 4))
  const token = await service.token({ role: 'regulator', subject: 'inspector', territories: ['FR-OCC'] })
  t.strictSame(figures(await named(`8${nurse.id}`, token)), figures(await own(nurse.token)))
  t.match(await accessesTo(db, nurse.id), [
    { kind: 'entitlements', reader_role: 'regulator', reader: 'inspector', outcome: 'shown' },
  ])
})

t.test('404: outside the remit, and the attempt is recorded', async (t) => {
  const nurse = await world.professional(7)
  const bretagne = await service.token({ role: 'regulator', subject: 'ars-bre', territories: ['FR-BRE'] })
  t.match(await named(nurse.id, bretagne), { status: 404, body: { code: 'not_found' } })
  t.match(await accessesTo(db, nurse.id), [{ kind: 'entitlements', reader: 'ars-bre', outcome: 'not_found' }])
  const doctors = await service.token({
    role: 'regulator',
    subject: 'order',
    territories: ['FR'],
    professions: ['10'],
  })
  t.equal((await named(nurse.id, doctors)).status, 404)
  t.match(await named(rpps(998), world.regulator), { status: 404, body: { code: 'not_found' } })
})

t.test('404: a professional whom the directory does not know', async (t) => {
  const stranger = await service.token({ role: 'professional', subject: rpps(997) })
  t.match(await own(stranger), { status: 404, body: { code: 'not_found' } })
})

t.test('without a practice the country’s rule is shown, with one its territory’s', async (t) => {
  const weekly = { beneficiaries: [{ profession: '70' }], window: { kind: 'calendar_weeks', count: 1 } }
  await world.rule({ ...weekly, cap: 18 })
  await world.rule({ ...weekly, cap: 5, territory: 'FR-974' })
  const [nomad, islander] = [
    await world.professional(8, { profession: '70', practice: undefined }),
    await world.professional(9, { profession: '70', practice: { ...CENTRE, territory: 'FR-974' } }),
  ]
  t.match((await own(nomad.token)).body.items[0], { cap: 18, window: { start: /T2[23]:00:00\.000Z$/ } })
  t.match(
    (await own(islander.token)).body.items[0],
    { cap: 5, window: { start: /T20:00:00\.000Z$/ } },
    'its own Monday',
  )
})

t.test('400: a number that is none, a parameter that there is not', async (t) => {
  const nurse = await world.professional(10)
  t.match(await named('123', world.regulator), { status: 400, body: { errors: [{ path: 'id' }] } })
  t.match(await call('GET', '/v1/entitlements/me?product=surgical', { token: nurse.token }), {
    status: 400,
    body: { detail: /product/ },
  })
})

t.test('401 without a token; 403 for every other role, and a professional that is suspended', async (t) => {
  const nurse = await world.professional(11)
  const suspended = await world.professional(12, { status: 'suspended' })
  t.equal((await own(undefined)).status, 401)
  t.equal((await named(nurse.id, undefined)).status, 401)
  for (const token of [place.token, world.admin]) {
    t.match(await own(token), { status: 403, body: { code: 'forbidden' } })
    t.match(await named(nurse.id, token), { status: 403, body: { code: 'forbidden' } })
  }
  t.match(await own(world.regulator), { status: 403, body: { code: 'forbidden' } })
  t.match(await own(suspended.token), { status: 403, body: { code: 'professional_suspended' } })
})
