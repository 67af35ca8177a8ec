import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { oneRow } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { onServerOnly } from '../../support/database.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { adeli } from '../../support/numbers.ts'
import { daysKept, eventsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo, TIME, UUID_V7 } from '../../support/times.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)
const place = await world.pharmacy(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 10_000, product))

const onHand = async (product = 'surgical') => {
  const { items } = (await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })).body
  return items.find((item: { product: string }) => item.product === product)?.onHand
}
const surgical = (quantity: number, more: object = {}) => ({ product: 'surgical', quantity, ...more })
const ffp2 = (quantity: number, more: object = {}) => ({ product: 'ffp2', quantity, ...more })

t.test('201: masks leave the shelf and enter the history, and the answer has every promised member', async (t) => {
  const nurse = await world.professional(1)
  const before = await onHand()
  const answer = await world.dispense(place, nurse.id, 0, { lines: [surgical(6, { lot: 'L-42' }), ffp2(4)] })
  t.equal(answer.status, 201)
  const { body } = answer
  for (const member of [
    'id',
    'sequence',
    'entryHash',
    'previousHash',
    'pharmacy',
    'professional',
    'lines',
    'dispensedAt',
    'recordedAt',
    'flags',
    'rule',
    'window',
    'remaining',
    'reservations',
  ]) {
    t.ok(member in body, member)
  }
  t.match(body, {
    id: UUID_V7,
    sequence: 1,
    entryHash: /^[A-Za-z0-9+/]{43}=$/,
    previousHash: null,
    pharmacy: place.finess,
    professional: nurse.id,
    dispensedAt: TIME,
    recordedAt: TIME,
    rule: { id: UUID_V7, source: { title: 'A rule for tests', reference: 'TEST-1', url: null } },
    window: { start: TIME, end: TIME },
  })
  t.match(body.lines, [surgical(6, { lot: 'L-42' }), ffp2(4)])
  t.strictSame([body.flags, body.reservations], [[], []])
  t.strictSame(body.remaining, [surgical(90), ffp2(90)], 'one cap over both products')
  t.equal(await onHand(), before - 6)
  t.strictSame(await eventsOn(db, body.id), ['dispensation.recorded'])

  const next = must(201, await world.dispense(place, nurse.id, 1)).body
  t.match(next, { sequence: 2, previousHash: body.entryHash, remaining: [surgical(89)] })
})

t.test('the entry keeps the operator, the identity check and the territories, sealed as the ledger says', async (t) => {
  const nurse = await world.professional(2, { practice: { ...CENTRE, territory: 'FR-34' } })
  const { body } = must(
    201,
    await call('POST', '/v1/dispensations', {
      token: place.token,
      key: true,
      headers: { 'x-operator': 'op-7' },
      body: dispensationBody(nurse.id, 3, { identityCheck: { method: 'photo_id' } }),
    }),
  )
  const kept = await oneRow<Record<string, string>>(
    db,
    'kept_entry',
    sql`select convert_from(payload, 'UTF8') as payload, encode(salt, 'hex') as salt, encode(canonical, 'hex') as canonical,
          practice_territory, pharmacy_territory, m.operator
        from ledger_entries e join ledger_payloads p on p.entry_id = e.id join stock_movements m on m.entry_id = e.id
        where e.id = ${body.id}::uuid`,
  )
  t.match(JSON.parse(String(kept.payload)), {
    professional: nurse.id,
    identityCheck: { method: 'photo_id' },
    operator: 'op-7',
  })
  t.match(kept, { practice_territory: 'FR-34', pharmacy_territory: 'FR-31', operator: 'op-7' })
  const canonical = Buffer.from(String(kept.canonical), 'hex')
  t.equal(createHash('sha256').update('\0').update(canonical).digest('base64'), body.entryHash)
  const sealed = canonical.toString()
  const salt = Buffer.from(String(kept.salt), 'hex')
  t.match(sealed, createHmac('sha256', salt).update(String(kept.payload)).digest('base64'))
  for (const secret of [nurse.id, 'op-7', 'Martin']) t.notMatch(sealed, secret, 'the sealed bytes name nobody')
})

t.test('each way of checking an identity is taken, and no other', async (t) => {
  const nurse = await world.professional(3)
  for (const method of ['cps_card', 'e_cps', 'photo_id', 'order_card']) {
    t.equal((await world.dispense(place, nurse.id, 1, { identityCheck: { method } })).status, 201, method)
  }
  const wrong = await world.dispense(place, nurse.id, 1, { identityCheck: { method: 'by_sight' } })
  t.match(wrong, { status: 400, body: { errors: [{ path: 'identityCheck.method' }] } })
})

t.test('one person has one history under all its numbers, national prefixes taken off', async (t) => {
  const nurse = await world.professional(4, { otherIds: [adeli(4)] })
  must(201, await world.dispense(place, `8${nurse.id}`, 40))
  const second = must(201, await world.dispense(place, `0${adeli(4)}`, 50)).body
  t.match(second, { sequence: 2, professional: adeli(4), remaining: [surgical(10)] })
  t.match(await world.dispense(place, nurse.id, 11), { status: 409, body: { code: 'entitlement_exceeded' } })
})

t.test('two persons that turn out to be one share what they received from then on', async (t) => {
  const nurse = await world.professional(5)
  const older = adeli(5)
  const body = { profession: '60', familyName: 'Martin', givenName: 'Camille', otherIds: [], status: 'active' }
  must(201, await call('PUT', `/v1/professionals/${older}`, { token: world.admin, body }))
  must(201, await world.dispense(place, nurse.id, 40))
  must(201, await world.dispense(place, older, 50))
  const put = { token: world.admin, body: { ...body, otherIds: [older] } }
  must(200, await call('PUT', `/v1/professionals/${nurse.id}`, put))
  t.match(await world.dispense(place, older, 11), {
    status: 409,
    body: { code: 'entitlement_exceeded', remaining: [surgical(10)] },
  })
  t.match(await world.dispense(place, older, 10), { status: 201, body: { remaining: [surgical(0)] } })
  const bearer = await service.token({ role: 'professional', subject: older })
  const history = must(200, await call('GET', '/v1/professionals/me/history', { token: bearer })).body.items
  t.strictSame(history.filter(({ kind }: { kind: string }) => kind === 'dispensation').length, 3)
})

t.test('several lines of one product add up', async (t) => {
  const nurse = await world.professional(6)
  const lines = [surgical(60, { lot: 'A' }), surgical(41, { lot: 'B' })]
  t.match(await world.dispense(place, nurse.id, 0, { lines }), { status: 409, body: { code: 'entitlement_exceeded' } })
  const fitting = [surgical(60, { lot: 'A' }), surgical(40, { lot: 'B' })]
  t.match(await world.dispense(place, nurse.id, 0, { lines: fitting }), { status: 201, body: { lines: fitting } })
})

t.test(
  'the same masks to the same person at one counter within two minutes are handed over, with a warning',
  async (t) => {
    const [nurse, colleague, other] = [
      await world.professional(20),
      await world.professional(21),
      await world.pharmacy(20),
    ]
    must(201, await world.count(other, 100))
    const at = (minutes: number) => ({ dispensedAt: minutesAgo(minutes) })
    const lines = [surgical(2), ffp2(3)]
    const first = must(201, await world.dispense(place, nurse.id, 0, { lines, ...at(4) })).body
    t.notOk('warnings' in first)
    const again = { lines: [ffp2(3, { lot: 'X' }), surgical(1), surgical(1)], ...at(3) }
    const checking = { token: place.token, body: dispensationBody(nurse.id, 0, again) }
    const warnings = [{ code: 'similar_entry', id: first.id, occurredAt: first.dispensedAt }]
    t.strictSame(must(200, await call('POST', '/v1/dispensation-checks', checking)).body.warnings, warnings)
    const send = () =>
      service.app.inject({
        method: 'POST',
        url: '/v1/dispensations',
        headers: { authorization: `Bearer ${place.token}`, 'idempotency-key': 'similar' },
        payload: dispensationBody(nurse.id, 0, again),
      })
    const second = await send()
    t.equal(second.statusCode, 201)
    t.strictSame(second.json().warnings, warnings, 'however it is put into lines')
    t.equal((await send()).payload, second.payload, 'and a retry is answered the same')
    for (const [answer, what] of [
      [await world.dispense(place, nurse.id, 0, { lines, ...at(0) }), 'three minutes later'],
      [await world.dispense(place, nurse.id, 0, { lines: [surgical(2)], ...at(3) }), 'less'],
      [await world.dispense(place, nurse.id, 0, { lines: [surgical(2), ffp2(4)], ...at(3) }), 'more'],
      [await world.dispense(place, colleague.id, 0, { lines, ...at(3) }), 'to somebody else'],
      [await world.dispense(other, nurse.id, 1), 'less, elsewhere'],
    ] as const) {
      t.notOk('warnings' in must(201, answer).body, what)
    }
    const once = must(201, await world.dispense(place, colleague.id, 7, at(2))).body
    t.notOk('warnings' in must(201, await world.dispense(other, colleague.id, 7, at(2))).body, 'at another counter')
    const slip = { token: place.token, key: true as const, body: { kind: 'entry_error' } }
    must(201, await call('POST', `/v1/dispensations/${once.id}/reversal`, slip))
    t.notOk('warnings' in must(201, await world.dispense(place, colleague.id, 7, at(2))).body, 'that was taken back')
  },
)

t.test('of the same hand-over from two tills at once, one is told of the other', { skip: onServerOnly }, async (t) => {
  const nurse = await world.professional(22)
  const both = await Promise.all([1, 2].map(() => world.dispense(place, nurse.id, 4)))
  t.strictSame(both.map((answer) => 'warnings' in must(201, answer).body).sort(), [false, true])
})

t.test('a dispensation keeps what every write promises, and its key as long as the entry', async (t) => {
  const nurse = await world.professional(15)
  await testWrite(t, service, {
    caller: { role: 'pharmacy', subject: 'till', finess: [place.finess] },
    method: 'POST',
    path: '/v1/dispensations',
    body: dispensationBody(nurse.id, 5),
    other: { path: '/v1/dispensations', body: dispensationBody(nurse.id, 6) },
    status: 201,
  })
  const { items } = (await call('GET', '/v1/professionals/me/history', { token: nurse.token })).body
  t.equal(items.length, 1, 'the same key had one effect')
  t.strictSame(await daysKept(db, 'once'), [null])
})

t.test('on hand and held are the sums of their movements and holds, and no cap was passed', (t) =>
  invariantsHold(t, db),
)
