import t from 'tap'
import { oneRow } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { adeli, finess } from '../../support/numbers.ts'
import { asRead, daysKept, eventsOn, refusalsOn } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { type Answer, startService } from '../../support/service.ts'
import { minutesAgo, UUID_V7 } from '../../support/times.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 50)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 10_000, product))
must(201, await world.count(other, 10_000))

const surgical = (quantity: number, more: object = {}) => ({ product: 'surgical', quantity, ...more })
const ffp2 = (quantity: number) => ({ product: 'ffp2', quantity })
const reverse = (id: string, body: object = {}, token: string | undefined = place.token) =>
  call('POST', `/v1/dispensations/${id}/reversal`, { token, key: true, body: { kind: 'entry_error', ...body } })
const onHand = async () => {
  const { items } = (await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })).body
  return items.map((item: { onHand: number }) => item.onHand)
}
const person = {
  familyName: 'Martin',
  givenName: 'Camille',
  practice: { ...CENTRE, territory: 'FR-31' },
  status: 'active',
}
const history = async (token: string) => (await call('GET', '/v1/professionals/me/history', { token })).body.items

t.test('201: all of it, as a new entry that gives stock and entitlement back; the first stays', async (t) => {
  const nurse = await world.professional(1)
  const before = await onHand()
  const first = must(201, await world.dispense(place, nurse.id, 0, { lines: [surgical(30), ffp2(10)] })).body
  const answer = await reverse(first.id, { note: 'Wrong card' })
  t.equal(answer.status, 201)
  t.match(answer.body, {
    id: UUID_V7,
    kind: 'reversal',
    sequence: 2,
    previousHash: first.entryHash,
    pharmacy: place.finess,
    professional: nurse.id,
    lines: [surgical(30), ffp2(10)],
    dispensedAt: first.dispensedAt,
    reverses: first.id,
    rule: first.rule,
    window: first.window,
    remaining: [surgical(50), ffp2(50)],
  })
  t.strictSame(await onHand(), before)
  const [entry, reversal] = [asRead(first), asRead(answer.body)]
  t.strictSame(await history(nurse.token), [reversal, entry], 'the first is as it was')
  t.strictSame(await eventsOn(db, answer.body.id), ['dispensation.reversed'])
  t.equal((await world.dispense(place, nurse.id, 50)).status, 201)
})

t.test('201: a part, and then the rest; 409 reversal_exceeds_dispensed beyond', async (t) => {
  const nurse = await world.professional(2)
  const { body } = must(201, await world.dispense(place, nurse.id, 0, { lines: [surgical(30), ffp2(10)] }))
  const part = await reverse(body.id, { kind: 'returned', lines: [surgical(12)] })
  t.match(part, { status: 201, body: { lines: [surgical(12)], remaining: [surgical(22)] } })
  for (const lines of [[surgical(19)], [surgical(1), ffp2(11)], [surgical(18), surgical(1)]]) {
    const refused = await reverse(body.id, { lines })
    t.match(refused, { status: 409, body: { code: 'reversal_exceeds_dispensed' } })
  }
  t.match((await refusalsOn(db, nurse.id))[0], { code: 'reversal_exceeds_dispensed', pharmacy: place.finess })
  t.match(await reverse(body.id), { status: 201, body: { lines: [surgical(18), ffp2(10)] } })
  t.match(await reverse(body.id), { status: 409, body: { code: 'reversal_exceeds_dispensed' } })
  t.equal((await history(nurse.token)).length, 3)
})

t.test('201: lines of one product in two lots are taken back one after the other', async (t) => {
  const nurse = await world.professional(3)
  const lines = [surgical(20, { lot: 'A' }), surgical(10, { lot: 'B' })]
  const { body } = must(201, await world.dispense(place, nurse.id, 0, { lines }))
  const answer = await reverse(body.id, { lines: [surgical(25)] })
  t.match(answer, { status: 201, body: { lines: [surgical(20, { lot: 'A' }), surgical(5, { lot: 'B' })] } })
  t.match(await reverse(body.id), { status: 201, body: { lines: [surgical(5, { lot: 'B' })] } })
})

const windows = [
  // Pairs of weeks from the Monday before three and a half days ago, of which none ends during a run.
  { kind: 'calendar_weeks', count: 2 },
  { kind: 'rolling_days', count: 3 },
  { kind: 'once' },
]
const validFrom = minutesAgo(3.5 * 24 * 60)
for (const [nth, window] of windows.entries()) {
  t.test(`what is said to remain is what is read next, in a window of ${window.kind}`, async (t) => {
    const profession = String(80 + nth)
    const rule = { beneficiaries: [{ profession }], window, validFrom, subCaps: [{ product: 'ffp2', cap: 12 }] }
    await world.rule({ ...rule, cap: 40 })
    const [nurse, before] = [await world.professional(20 + nth, { profession }), adeli(20 + nth)]
    const put = (id: string, otherIds: string[]) =>
      call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...person, profession, otherIds } })
    must(201, await put(before, []))
    const entries = [
      must(201, await world.dispense(place, before, 0, { lines: [surgical(9), ffp2(7)] })).body,
      must(201, await world.dispense(place, nurse.id, 0, { lines: [surgical(4), ffp2(5)] })).body,
    ]
    must(200, await put(nurse.id, [before]))
    must(201, await world.reserve(nurse.token, { quantity: 3, pharmacy: other.finess }))
    const same = async (answer: Answer) => {
      const read = (await call('GET', '/v1/entitlements/me', { token: nurse.token })).body.items
      const named = answer.body.remaining.map(({ product }: { product: string }) => product)
      const expected = named.map((product: string) => {
        const { remaining } = read.find((item: { product: string }) => item.product === product)
        return { product, quantity: remaining }
      })
      t.match(answer, { status: 201, body: { remaining: expected } })
    }
    await same(await reverse(entries[0].id, { lines: [ffp2(2), surgical(1)] }))
    const second = await reverse(entries[1].id)
    await same(second)
    // Of a rule that begins after the hand-over, nothing given back is new.
    const once = { ...rule, window: { kind: 'once' }, cap: 6, subCaps: [], territory: 'FR-31' }
    await world.rule({ ...once, validFrom: second.body.recordedAt })
    await same(await reverse(entries[0].id))
  })
}

t.test('no hold revives', async (t) => {
  const nurse = await world.professional(4)
  const hold = must(201, await world.reserve(nurse.token, { quantity: 10, pharmacy: place.finess })).body
  const reservations = [{ id: hold.id, pickupCode: hold.pickupCode }]
  const { body } = must(201, await world.dispense(place, nurse.id, 10, { reservations }))
  t.match(await reverse(body.id), { status: 201, body: { remaining: [surgical(50)] } })
  const read = await call('GET', `/v1/reservations/${hold.id}`, { token: nurse.token })
  t.match(read.body, { status: 'collected', collectedQuantity: 10 })
  t.match(await world.dispense(place, nurse.id, 10, { reservations }), {
    status: 409,
    body: { code: 'reservation_not_held' },
  })
})

t.test('the note and the operator are kept in the entry', async (t) => {
  const nurse = await world.professional(5)
  const { body } = must(201, await world.dispense(place, nurse.id, 3))
  const made = await call('POST', `/v1/dispensations/${body.id}/reversal`, {
    token: place.token,
    key: true,
    headers: { 'x-operator': 'op-7' },
    body: { kind: 'returned', note: 'Unopened box' },
  })
  const { payload } = await oneRow<{ payload: string }>(
    db,
    'reversal_payload',
    sql`select convert_from(payload, 'UTF8') as payload from ledger_payloads where entry_id = ${made.body.id}::uuid`,
  )
  t.match(JSON.parse(payload), { kind: 'returned', note: 'Unopened box', operator: 'op-7' })
})

t.test('404: another pharmacy’s dispensation, a reversal, or nothing at all', async (t) => {
  const nurse = await world.professional(6)
  const { body } = must(201, await world.dispense(place, nurse.id, 3))
  const reversal = must(201, await reverse(body.id, { lines: [surgical(1)] })).body
  for (const [id, token] of [
    [body.id, other.token],
    [reversal.id, place.token],
    [seededUuid(), place.token],
  ]) {
    t.match(await reverse(id, {}, token), { status: 404, body: { code: 'not_found' } })
  }
})

t.test('a token for several pharmacies need not name the one, and 404 where it names another', async (t) => {
  const nurse = await world.professional(10)
  const { body } = must(201, await world.dispense(place, nurse.id, 9))
  const chain = await service.token({ role: 'pharmacy', subject: 'chain', finess: [place.finess, other.finess] })
  const third = finess(3)
  for (const pharmacy of [other.finess, third]) {
    t.match(await reverse(body.id, { pharmacy }, chain), { status: 404, body: { code: 'not_found' } })
  }
  const lines = [surgical(4)]
  t.match(await reverse(body.id, { lines }, chain), { status: 201, body: { pharmacy: place.finess } })
  t.match(await reverse(body.id, { pharmacy: place.finess }, chain), { status: 201, body: { lines: [surgical(5)] } })
  t.match(await reverse(seededUuid(), {}, chain), { status: 404, body: { code: 'not_found' } })
})

t.test('400: wrong fields are refused by name', async (t) => {
  const nurse = await world.professional(7)
  const { body } = must(201, await world.dispense(place, nurse.id, 3))
  for (const [more, path] of [
    [{ kind: 'mistake' }, 'kind'],
    [{ kind: undefined }, 'kind'],
    [{ note: 'x'.repeat(141) }, 'note'],
    [{ lines: [] }, 'lines'],
    [{ lines: [surgical(0)] }, 'lines[0].quantity'],
  ] as const) {
    t.match(await reverse(body.id, more), { status: 400, body: { errors: [{ path }] } }, path)
  }
  t.match(await reverse(body.id, { line: [] }), { status: 400, body: { detail: /line/ } })
  t.equal((await reverse('1')).status, 400)
  const keyless = { token: place.token, body: { kind: 'returned' } }
  const missing = await call('POST', `/v1/dispensations/${body.id}/reversal`, keyless)
  t.match(missing, { status: 400, body: { code: 'idempotency_key_missing' } })
  t.equal((await history(nurse.token)).length, 1)
})

t.test('401 without a token; 403 for every other role', async (t) => {
  const nurse = await world.professional(8)
  const { body } = must(201, await world.dispense(place, nurse.id, 3))
  t.equal((await call('POST', `/v1/dispensations/${body.id}/reversal`, { body: { kind: 'returned' } })).status, 401)
  for (const token of [nurse.token, world.regulator, world.admin]) {
    t.match(await reverse(body.id, {}, token), { status: 403, body: { code: 'forbidden' } })
  }
})

t.test('a reversal keeps what every write promises, and its key as long as the entry', async (t) => {
  const nurse = await world.professional(9)
  const { body } = must(201, await world.dispense(place, nurse.id, 10))
  const path = `/v1/dispensations/${body.id}/reversal`
  await testWrite(t, service, {
    caller: { role: 'pharmacy', subject: 'till', finess: [place.finess] },
    method: 'POST',
    path,
    body: { kind: 'returned', lines: [surgical(4)] },
    other: { path, body: { kind: 'returned', lines: [surgical(5)] } },
    status: 201,
  })
  t.strictSame(await daysKept(db, 'once'), [null])
  t.match(await reverse(body.id), { body: { lines: [surgical(6)] } }, 'the same key had one effect')
})

t.test('on hand and held are the sums of their movements and holds, and no cap was passed', (t) =>
  invariantsHold(t, db),
)
