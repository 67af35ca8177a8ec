import t from 'tap'
import { oneRow } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { startService } from '../../support/service.ts'
import { atOnce, range, tally } from '../../support/tally.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 10)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 1_000))
const desk = { token: place.token, headers: { 'x-operator': 'counter-2' } }

const seenBy = async ({ token }: { token: string }) =>
  must(200, await call('GET', '/v1/accesses/me?limit=100', { token })).body.items as Record<string, unknown>[]
const kinds = async (person: { token: string }) =>
  (await seenBy(person)).map(({ kind, outcome }) => `${kind} ${outcome}`)
const rowsKept = async () =>
  (await oneRow<{ kept: number }>(db, 'accesses_kept', sql`select count(*)::int as kept from accesses`)).kept

t.test('a list is one access, which everybody on the page finds, and nobody beyond it', async (t) => {
  const people = await Promise.all(range(4).map((n) => world.professional(1 + n)))
  for (const { token } of people) must(201, await world.reserve(token, { quantity: 1, pharmacy: place.finess }))
  const before = await rowsKept()
  must(200, await call('GET', '/v1/reservations?limit=2', desk))
  t.equal(await rowsKept(), before + 1)
  const [first, second, third, fourth] = people
  for (const person of [third, fourth]) {
    t.match(await seenBy(person as { token: string }), [
      {
        kind: 'reservation',
        reader: { role: 'pharmacy' },
        pharmacy: place.finess,
        operator: 'counter-2',
        outcome: 'shown',
      },
    ])
  }
  for (const person of [first, second]) t.same(await seenBy(person as { token: string }), [], 'not of this page')
  must(200, await call('GET', '/v1/reservations', { token: other.token }))
  t.equal(await rowsKept(), before + 1, 'a list of nobody is no reading')
})

t.test('what another pharmacy asks for in vain is recorded, for whom it is about alone', async (t) => {
  const [nurse, colleague] = [await world.professional(10), await world.professional(11)]
  const hold = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })).body
  t.equal((await call('GET', `/v1/reservations/${hold.id}`, { token: other.token })).status, 404)
  t.match(await seenBy(nurse), [{ kind: 'reservation', pharmacy: other.finess, outcome: 'not_found' }])
  t.equal((await call('GET', `/v1/reservations/${hold.id}`, { token: colleague.token })).status, 404)
  t.equal((await seenBy(nurse)).length, 1, 'a professional learns and leaves nothing')
})

t.test('a client of several pharmacies is shown as the pharmacy that it read for', async (t) => {
  const nurse = await world.professional(12)
  const vendor = await service.token({ role: 'pharmacy', subject: 'vendor', finess: [place.finess, other.finess] })
  const hold = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: other.finess })).body
  must(200, await call('GET', `/v1/reservations/${hold.id}`, { token: vendor }))
  must(200, await call('GET', `/v1/reservations?pharmacy=${other.finess}`, { token: vendor }))
  const lookup = { pickupCode: hold.pickupCode, pharmacy: other.finess }
  must(200, await call('POST', '/v1/reservations/lookup', { token: vendor, body: lookup }))
  t.same(
    (await seenBy(nurse)).map(({ pharmacy }) => pharmacy),
    Array(3).fill(other.finess),
  )
})

t.test('an answer that is sent again is a reading; the first is the entry itself', async (t) => {
  const nurse = await world.professional(13)
  const send = (body: object, path = '/v1/dispensations') => call('POST', path, { ...desk, key: `k-${path}`, body })
  const body = dispensationBody(nurse.id, 1)
  const { id } = must(201, await send(body)).body
  const back = `/v1/dispensations/${id}/reversal`
  must(201, await send({ kind: 'returned' }, back))
  t.same(await seenBy(nurse), [])
  must(201, await send(body))
  must(201, await send({ kind: 'returned' }, back))
  t.match(await seenBy(nurse), Array(2).fill({ kind: 'dispensation', pharmacy: place.finess, operator: 'counter-2' }))
})

t.test('an answer that requests at the same time share is a reading by each but the first', async (t) => {
  const nurse = await world.professional(25)
  const body = dispensationBody(nurse.id, 1)
  const answers = await atOnce(range(4), () => call('POST', '/v1/dispensations', { ...desk, key: 'at-once', body }))
  t.same(tally(answers), { '201': 4 })
  t.match(await seenBy(nurse), Array(3).fill({ kind: 'dispensation', pharmacy: place.finess, operator: 'counter-2' }))
})

t.test('a hand-over that is refused says what is left, and so is among the accesses', async (t) => {
  const nurse = await world.professional(14)
  const refused = await call('POST', '/v1/dispensations', { ...desk, key: true, body: dispensationBody(nurse.id, 11) })
  t.match(refused, { status: 409, body: { remaining: [{ quantity: 10 }] } })
  t.match(await seenBy(nurse), [
    { kind: 'refusal', pharmacy: place.finess, operator: 'counter-2', outcome: 'entitlement_exceeded' },
  ])
})

t.test('a cancellation by the pharmacy keeps who was at the counter; one’s own leaves nothing', async (t) => {
  const nurse = await world.professional(15)
  const reserve = async () =>
    must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })).body.id
  const cancel = async (sent: object) =>
    must(200, await call('POST', `/v1/reservations/${await reserve()}/cancellation`, sent))
  await cancel({ token: nurse.token })
  t.same(await seenBy(nurse), [])
  await cancel({ ...desk, body: { reason: 'damaged' } })
  t.match(await seenBy(nurse), [{ kind: 'reservation', operator: 'counter-2' }])
})

t.test('the directory’s answer is recorded where it may show more than was sent', async (t) => {
  const nurse = await world.professional(16)
  t.same(await seenBy(nurse), [], 'not of whom it did not know')
  const body = {
    profession: '60',
    familyName: 'Martin',
    givenName: 'Camille',
    status: 'active',
    practice: { ...CENTRE, territory: 'FR-31' },
  }
  const put = () =>
    call('PUT', `/v1/professionals/${nurse.id}`, {
      token: world.admin,
      body,
      key: 'put-16',
      headers: { 'x-operator': 'clerk' },
    })
  must(200, await put())
  must(200, await put())
  const reading = { kind: 'professional', reader: { role: 'admin' }, operator: 'clerk', outcome: 'shown' }
  t.match(await seenBy(nurse), [reading, reading], 'as is its repetition')
})

t.test('a regulator sees the lists of the pharmacies in its remit, and names in them whom it asks about', async (t) => {
  const nurse = await world.professional(17)
  must(201, await world.dispense(place, nurse.id, 1))
  must(200, await call('GET', '/v1/dispensations?limit=1', desk))
  const audit = async (territory: string, query = '') =>
    must(
      200,
      await call('GET', `/v1/audit/accesses?kind=dispensation${query}&limit=1`, {
        token: await service.token({ role: 'regulator', subject: `ars-${territory}`, territories: [territory] }),
      }),
    ).body.items
  const list = { kind: 'dispensation', pharmacy: place.finess, reader: { role: 'pharmacy' } }
  t.match(await audit('FR-OCC'), [{ ...list, professional: null }])
  t.match(await audit('FR-OCC', `&professional=${nurse.id}`), [{ ...list, professional: nurse.id }])
  t.same(await audit('FR-BRE'), [])
  t.match((await kinds(nurse)).slice(0, 2), ['accesses shown', 'dispensation shown'])
})
