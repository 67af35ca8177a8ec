import t from 'tap'
import { finess, rpps } from '../../support/numbers.ts'
import { refusalsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)
const place = await world.pharmacy(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 10_000, product))

const onHand = async () => {
  const { items } = (await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })).body
  return items.find((item: { product: string }) => item.product === 'surgical')?.onHand
}
const surgical = (quantity: number) => ({ product: 'surgical', quantity })
const ffp2 = (quantity: number) => ({ product: 'ffp2', quantity })

t.test('409 stock_insufficient: all lines or none, and what is available is said', async (t) => {
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
  t.match(await refusalsOn(db, nurse.id), [
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
  t.match(
    known,
    { status: 409, body: { code: 'professional_suspended', status: 409 } },
    '409, as the caller itself is not suspended',
  )
  const inactive = await world.dispense(place, nurse.id, 0, { lines: [surgical(1), { product: 'cloth', quantity: 1 }] })
  t.match(inactive, { status: 409, body: { code: 'product_inactive', product: 'cloth' } })
  t.match(await refusalsOn(db, null), [{ code: 'professional_unknown', pharmacy: place.finess }])
  t.match(await refusalsOn(db, suspended.id), [{ code: 'professional_suspended' }])
})

t.test('dispensedAt may lie 5 minutes back or ahead; 400 dispensed_at_out_of_range beyond', async (t) => {
  const nurse = await world.professional(11)
  const dispensedAt = minutesAgo(4)
  t.match(await world.dispense(place, nurse.id, 1, { dispensedAt }), { status: 201, body: { dispensedAt } })
  t.equal((await world.dispense(place, nurse.id, 1, { dispensedAt: minutesAgo(-4) })).status, 201)
  for (const [minutes, detail] of [
    [6, /in an offline batch/],
    [-6, /leave dispensedAt out/],
  ] as const) {
    t.match(await world.dispense(place, nurse.id, 1, { dispensedAt: minutesAgo(minutes) }), {
      status: 400,
      body: { code: 'dispensed_at_out_of_range', errors: [{ path: 'dispensedAt' }], detail },
    })
  }
  t.equal((await world.dispense(place, nurse.id, 1)).status, 201, 'as the answer says, it is taken as of now')
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
