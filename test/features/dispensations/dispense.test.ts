import { createHash, createHmac } from 'node:crypto'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { oneRow } from '../../../src/db/query.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { adeli, finess, rpps } from '../../support/numbers.ts'
import { daysKept, decisionsOn, eventsOn } from '../../support/records.ts'
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

t.test('201: masks leave the shelf and enter the history, with all that the contract names', async (t) => {
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
  t.strictSame(body.lines, [surgical(6, { lot: 'L-42' }), ffp2(4)])
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
    db.orm,
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

t.test('409 stock_insufficient: all lines or none, and what is available is said (fault 12)', async (t) => {
  const small = await world.pharmacy(2)
  const [nurse, other] = [await world.professional(7), await world.professional(8)]
  must(201, await world.count(small, 50))
  must(201, await world.count(small, 9, 'ffp2'))
  must(201, await world.reserve(other.token, { product: 'ffp2', quantity: 5, pharmacy: small.finess }))
  const answer = await world.dispense(small, nurse.id, 0, { lines: [surgical(10), ffp2(5)] })
  t.match(answer, { status: 409, body: { code: 'stock_insufficient', product: 'ffp2', available: 4 } })
  const { items } = (await call('GET', `/v1/pharmacies/${small.finess}/stock`, { token: small.token })).body
  t.match(items, [
    { product: 'ffp2', onHand: 9 },
    { product: 'surgical', onHand: 50 },
  ])
  const history = await call('GET', '/v1/professionals/me/history', { token: nurse.token })
  t.strictSame(history.body.items, [])
  t.match(await decisionsOn(db, nurse.id), [
    { verb: 'dispensation', code: 'stock_insufficient', pharmacy: small.finess, facts: { available: 4 } },
  ])
  const never = await world.pharmacy(3)
  t.match(await world.dispense(never, nurse.id, 1), { status: 409, body: { code: 'stock_insufficient', available: 0 } })
})

t.test('409: somebody nobody knows, or who is suspended; a product no longer distributed', async (t) => {
  const suspended = await world.professional(9, { status: 'suspended' })
  const nurse = await world.professional(10)
  const cloth = { name: 'Cloth', kind: 'cloth', packs: [], active: false }
  must(201, await call('PUT', '/v1/products/cloth', { token: world.admin, body: cloth }))
  t.match(await world.dispense(place, rpps(999), 1), { status: 409, body: { code: 'professional_unknown' } })
  const known = await world.dispense(place, suspended.id, 1)
  t.match(known, { status: 409, body: { code: 'professional_suspended', status: 409 } }, 'fault 44')
  const inactive = await world.dispense(place, nurse.id, 0, { lines: [surgical(1), { product: 'cloth', quantity: 1 }] })
  t.match(inactive, { status: 409, body: { code: 'product_inactive', product: 'cloth' } })
  t.match(await decisionsOn(db, null), [{ code: 'professional_unknown', pharmacy: place.finess }])
  t.match(await decisionsOn(db, suspended.id), [{ code: 'professional_suspended' }])
})

t.test('dispensedAt may lie 5 minutes back or ahead; 400 dispensed_at_out_of_range beyond', async (t) => {
  const nurse = await world.professional(11)
  const dispensedAt = minutesAgo(4)
  t.match(await world.dispense(place, nurse.id, 1, { dispensedAt }), { status: 201, body: { dispensedAt } })
  t.equal((await world.dispense(place, nurse.id, 1, { dispensedAt: minutesAgo(-4) })).status, 201)
  for (const minutes of [6, -6]) {
    t.match(await world.dispense(place, nurse.id, 1, { dispensedAt: minutesAgo(minutes) }), {
      status: 400,
      body: { code: 'dispensed_at_out_of_range', errors: [{ path: 'dispensedAt' }] },
    })
  }
})

t.test('400: wrong fields are refused by name, and nothing is handed over', async (t) => {
  const nurse = await world.professional(12)
  const before = await onHand()
  const line = (quantity: unknown) => ({ lines: [{ product: 'surgical', quantity }] })
  for (const [more, path] of [
    ...[0, -1, 1.5, 1_000_001, '5', null].map((quantity) => [line(quantity), 'lines[0].quantity'] as const),
    [{ lines: [] }, 'lines'],
    [{ lines: [surgical(1), { product: 'unknown', quantity: 1 }] }, 'lines[1].product'],
    [{ lines: undefined }, 'lines'],
    [{ professional: '123' }, 'professional'],
    [{ professional: undefined }, 'professional'],
    [{ identityCheck: undefined }, 'identityCheck'],
    [{ dispensedAt: 'today' }, 'dispensedAt'],
    [{ override: { reasonCode: 'because' } }, 'override.reasonCode'],
    [{ override: { reasonCode: 'other', note: 'x'.repeat(141) } }, 'override.note'],
    [{ reservations: [{ id: '1', pickupCode: 'A' }] }, 'reservations[0].id'],
    [{ releaseHolds: 'yes' }, 'releaseHolds'],
  ] as const) {
    t.match(await world.dispense(place, nurse.id, 1, more), { status: 400, body: { errors: [{ path }] } }, path)
  }
  const typo = await world.dispense(place, nurse.id, 1, { releaseHold: true })
  t.match(typo, { status: 400, body: { detail: /releaseHold/ } })
  const keyless = { token: place.token, body: dispensationBody(nurse.id, 1) }
  t.match(await call('POST', '/v1/dispensations', keyless), { status: 400, body: { code: 'idempotency_key_missing' } })
  for (const operator of ['two words', 'x'.repeat(65), '']) {
    const headers = { 'x-operator': operator }
    const answer = await call('POST', '/v1/dispensations', { ...keyless, key: true, headers })
    t.match(answer, { status: 400, body: { errors: [{ path: 'X-Operator' }] } })
  }
  t.equal(await onHand(), before)
})

t.test('a token for several pharmacies names one: 400 without it, 403 for one it does not act for', async (t) => {
  const [nurse, other] = [await world.professional(13), await world.pharmacy(4)]
  const token = await service.token({ role: 'pharmacy', subject: 'group', finess: [place.finess, other.finess] })
  const group = { finess: place.finess, token }
  t.match(await world.dispense(group, nurse.id, 1), { status: 400, body: { errors: [{ path: 'pharmacy' }] } })
  const named = await world.dispense(group, nurse.id, 1, { pharmacy: place.finess })
  t.match(named, { status: 201, body: { pharmacy: place.finess } })
  t.match(await world.dispense(other, nurse.id, 1, { pharmacy: place.finess }), { status: 403 })
})

t.test('401 without a token; 403 for every other role and a suspended pharmacy; 404 for no pharmacy', async (t) => {
  const nurse = await world.professional(14)
  const suspended = await world.pharmacy(5, { status: 'suspended' })
  const as = (token: string) => world.dispense({ ...place, token }, nurse.id, 1)
  t.match(await as(''), { status: 401, body: { code: 'unauthenticated' } })
  for (const token of [nurse.token, world.regulator, world.admin]) {
    t.match(await as(token), { status: 403, body: { code: 'forbidden' } })
  }
  t.match(await as(suspended.token), { status: 403, body: { code: 'pharmacy_suspended' } })
  const nowhere = await service.token({ role: 'pharmacy', subject: 'till', finess: [finess(999)] })
  t.match(await as(nowhere), { status: 404, body: { code: 'not_found' } })
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
