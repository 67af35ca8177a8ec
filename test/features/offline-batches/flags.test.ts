import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { enrol } from '../../../src/store/enrolment.ts'
import { handOver as databaseOf, gomask } from '../../support/command.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { makeSigner, publishLog } from '../../support/log.ts'
import { rpps } from '../../support/numbers.ts'
import { makeFolder } from '../../support/process.ts'
import { letExpire } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t, {}, { connections: 5 })
const { call, db } = service
const world = await makeWorld(service, 10)
const DAY = 24 * 60
type Place = Awaited<ReturnType<typeof world.pharmacy>>

const send = async (place: Place, items: object[], headers: Record<string, string> = {}) => {
  const path = `/v1/pharmacies/${place.finess}/offline-batches`
  return must(200, await call('POST', path, { token: place.token, body: { items }, headers })).body
}
const handOver = (professional: string, quantity: number, minutes: number, more: object = {}) => ({
  key: randomUUID(),
  kind: 'dispensation',
  body: { ...dispensationBody(professional, quantity), dispensedAt: minutesAgo(minutes), ...more },
})
const flagsOf = async (place: Place, ...items: object[]) =>
  (await send(place, items)).items.map(({ flags }: { flags: string[] }) => flags)
const stockOf = async ({ finess, token }: Place) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock`, { token })).body.items[0]
const movementsOf = async ({ finess, token }: Place) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock-movements`, { token })).body.items
    .map(({ kind, change }: { kind: string; change: number }) => `${kind} ${change}`)
    .toReversed()
const reservation = async (id: string, token: string) => (await call('GET', `/v1/reservations/${id}`, { token })).body
const putProfessional = (id: string, more: object) =>
  call('PUT', `/v1/professionals/${id}`, {
    token: world.admin,
    body: { profession: '60', familyName: 'Martin', givenName: 'Camille', status: 'active', ...more },
  })

t.test('how late something is told of is flagged, and counts in the window of its own time', async (t) => {
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 100))
  const nurse = await world.professional(1)
  const [soon, late, veryLate] = [handOver(nurse.id, 1, 2), handOver(nurse.id, 6, 60), handOver(nurse.id, 9, 8 * DAY)]
  t.same(await flagsOf(place, soon, late, veryLate), [[], ['late'], ['very_late']])
  const history = (await call('GET', '/v1/professionals/me/history', { token: nurse.token })).body.items
  const seen = history.map((entry: { lines: { quantity: number; decision: { received: number } }[] }) => [
    entry.lines[0]?.quantity,
    entry.lines[0]?.decision.received,
  ])
  t.same(
    seen.toReversed(),
    [
      [9, 0],
      [6, 0],
      [1, 6],
    ],
    'in the order of their times, the oldest in a window of its own',
  )
})

t.test('more than the entitlement is recorded and flagged, with a rule or without one', async (t) => {
  const place = await world.pharmacy(2)
  must(201, await world.count(place, 100))
  const nurse = await world.professional(2)
  const other = await world.professional(3, { profession: '99' })
  const override = { override: { reasonCode: 'emergency' } }
  const sent = [
    handOver(nurse.id, 8, 60),
    handOver(nurse.id, 3, 50),
    handOver(other.id, 2, 40),
    handOver(nurse.id, 1, 30, override),
  ]
  const { items, legend } = await send(place, sent, { 'accept-language': 'fr' })
  t.same(
    items.map(({ flags }: { flags: string[] }) => flags.join(' ')),
    ['late', 'late over_allocation', 'late over_allocation', 'override late'],
  )
  t.match(items[1].answer.lines[0].decision, { cap: 10, received: 8, remaining: 2, beyondCap: true })
  t.match(items[2].answer.lines[0].decision, { rule: null, window: null, cap: null, beyondCap: true })
  t.same(
    legend.map(({ flag }: { flag: string }) => flag),
    ['override', 'late', 'over_allocation'],
  )
  t.match(legend[2], { meaning: /Il a été remis plus/, action: /Vérifiez la personne/ })
  const back = await call('POST', `/v1/dispensations/${items[2].answer.id}/reversal`, {
    token: place.token,
    key: true,
    body: { kind: 'entry_error' },
  })
  t.equal(must(201, back).body.lines[0].decision.rule, null, 'and can be taken back')
})

t.test('what was not known to be there is made up for, and promises that no longer fit end', async (t) => {
  const place = await world.pharmacy(3)
  must(201, await world.count(place, 3))
  const [nurse, waiting] = [await world.professional(4), await world.professional(5)]
  t.same(await flagsOf(place, handOver(nurse.id, 5, 0)), [['stock_discrepancy']])
  t.match(await stockOf(place), { onHand: 0, held: 0 })
  t.same(await movementsOf(place), ['count 3', 'discrepancy 2', 'dispensation -5'])
  must(200, await world.count(place, 10))
  const hold = must(201, await world.reserve(waiting.token, { quantity: 8, pharmacy: place.finess })).body
  t.same(await flagsOf(place, handOver(nurse.id, 4, 0)), [['stock_discrepancy']])
  t.match(await stockOf(place), { onHand: 6, held: 0 })
  t.match(await reservation(hold.id, waiting.token), { status: 'cancelled', cancellationReason: 'stock_shortfall' })
  const day = (minutes: number) => minutesAgo(minutes).slice(0, 10)
  const path = `/v1/pharmacies/${place.finess}/statement?from=${day(2 * DAY)}&to=${day(-2 * DAY)}`
  t.match((await call('GET', path, { token: place.token })).body.items[0], {
    discrepancies: 2,
    dispensed: 9,
    closing: 6,
  })
})

t.test('a count from before makes nothing up: it says what was there', async (t) => {
  const place = await world.pharmacy(4)
  const nurse = await world.professional(6)
  t.same(await flagsOf(place, handOver(nurse.id, 5, 30)), [['late', 'stock_discrepancy']])
  const count = {
    key: randomUUID(),
    kind: 'count',
    body: { product: 'surgical', onHand: 40, countedAt: minutesAgo(60) },
  }
  t.same(await flagsOf(place, count), [['late']])
  t.equal((await stockOf(place)).onHand, 35)
  const older = { ...count, key: randomUUID(), body: { ...count.body, onHand: 7, countedAt: minutesAgo(90) } }
  t.match(await send(place, [older]), { items: [{ outcome: 'recorded', answer: { onHand: 35 } }] })
  t.same(await flagsOf(place, handOver(nurse.id, 5, 70)), [['late']], 'what the count has seen was there')
  t.equal((await stockOf(place)).onHand, 35)
})

t.test('movements off line are never refused', async (t) => {
  const place = await world.pharmacy(5)
  const move = (kind: string, quantity: number, minutes: number, product = 'surgical') => ({
    key: randomUUID(),
    kind: 'movement',
    body: { product, kind, quantity, occurredAt: minutesAgo(minutes) },
  })
  must(
    201,
    await call('PUT', '/v1/products/old', {
      token: world.admin,
      body: { name: 'Old', kind: 'mask', packs: [], active: false },
    }),
  )
  const sent = [
    move('return_to_supplier', 30, 10),
    move('delivery', 20, 20),
    move('loss', 50, 4),
    move('delivery', 5, 1, 'old'),
  ]
  t.same(await flagsOf(place, ...sent), [['late', 'stock_discrepancy'], ['late'], [], ['inactive_product']])
  t.same((await movementsOf(place)).toSorted(), [
    'delivery 20',
    'delivery 5',
    'discrepancy 10',
    'loss 0',
    'return_to_supplier -30',
  ])
})

t.test('somebody whom the directory lacks is served, and the history becomes theirs', async (t) => {
  const place = await world.pharmacy(6)
  must(201, await world.count(place, 100))
  const id = rpps(700)
  const items = [handOver(id, 6, 60), handOver(id, 1, 30)]
  t.same(await flagsOf(place, ...items), [
    ['late', 'unverified'],
    ['late', 'unverified'],
  ])
  t.match(await world.dispense(place, id, 1), { status: 409, body: { code: 'professional_unknown' } })
  const me = await service.token({ role: 'professional', subject: id })
  t.equal((await call('GET', '/v1/entitlements/me', { token: me })).status, 404)
  t.match(await world.reserve(me, { quantity: 1, pharmacy: place.finess }), { status: 409 })
  t.equal((await call('GET', '/v1/professionals/me/history', { token: me })).body.items.length, 2)
  must(201, await putProfessional(id, {}))
  const { items: rights } = (await call('GET', '/v1/entitlements/me', { token: me })).body
  t.match(rights[0], { received: 7, remaining: 3 })
  const merged = rpps(701)
  t.same(await flagsOf(place, handOver(merged, 2, 10)), [['late', 'unverified']])
  must(200, await putProfessional(id, { otherIds: [merged] }))
  t.match((await call('GET', '/v1/entitlements/me', { token: me })).body.items[0], { received: 9 })
})

t.test('whoever enrols by a login is given what they received off line', async (t) => {
  const place = await world.pharmacy(10)
  must(201, await world.count(place, 100))
  const identifier = rpps(702)
  t.same(await flagsOf(place, handOver(identifier, 4, 0)), [['unverified']])
  await enrol(db, { identifier, otherIds: [], profession: '60' }, 'an issuer')
  const me = await service.token({ role: 'professional', subject: identifier })
  t.match((await call('GET', '/v1/entitlements/me', { token: me })).body.items[0], { received: 4, remaining: 6 })
})

t.test('a suspended professional and a product given out no more are flagged', async (t) => {
  const place = await world.pharmacy(7)
  must(201, await world.count(place, 100))
  const nurse = await world.professional(8, { status: 'suspended' })
  t.same(await flagsOf(place, handOver(nurse.id, 5, 0)), [['suspended']])
  const gone = { lines: [{ product: 'old', quantity: 2 }] }
  t.same(await flagsOf(place, handOver((await world.professional(9)).id, 2, 0, gone)), [
    ['over_allocation', 'stock_discrepancy', 'inactive_product'],
  ])
})

t.test('a reservation is collected if it was live then, whatever became of it since', async (t) => {
  const place = await world.pharmacy(8)
  must(201, await world.count(place, 100))
  const nurse = await world.professional(10, {})
  const hold = async () => must(201, await world.reserve(nurse.token, { quantity: 2, pharmacy: place.finess })).body
  const [live, cancelled] = [await hold(), await hold()]
  const path = `/v1/reservations/${cancelled.id}/cancellation`
  const expired = must(200, await call('POST', path, { token: nurse.token, key: true, body: {} })) && (await hold())
  await letExpire(db, expired.id)
  const naming = ({ id }: { id: string }, pickupCode: string) => ({ reservations: [{ id, pickupCode }] })
  const outcomes = async (at: string, named: { id: string }, code: string) => {
    const { items } = await send(place, [handOver(nurse.id, 2, 0, { dispensedAt: at, ...naming(named, code) })])
    return items[0].answer.reservations.map(({ outcome }: { outcome: string }) => outcome)
  }
  t.same(await outcomes(minutesAgo(0), live, 'AAAAAAAA'), ['not_collected'])
  t.same(await outcomes(minutesAgo(0), live, live.pickupCode), ['collected'])
  t.same(await outcomes(minutesAgo(0), live, live.pickupCode), ['not_collected'], 'only once')
  t.same(await outcomes(minutesAgo(-1), cancelled, cancelled.pickupCode), ['not_collected'], 'cancelled before')
  t.same(await outcomes(cancelled.createdAt, cancelled, cancelled.pickupCode), ['collected'])
  t.same(await outcomes(minutesAgo(-1), expired, expired.pickupCode), ['expired'])
  t.same(await outcomes(expired.createdAt, expired, expired.pickupCode), ['collected'])
  t.match(await reservation(cancelled.id, nurse.token), { status: 'collected', collectedQuantity: 2 })
})

t.test('a voucher names a reservation as a code does', async (t) => {
  const place = await world.pharmacy(9)
  must(201, await world.count(place, 100))
  const [nurse, other] = [await world.professional(11), await world.professional(12)]
  const { voucher } = must(201, await world.reserve(nurse.token, { quantity: 2, pharmacy: place.finess })).body
  const outcome = async (id: string) =>
    (await send(place, [handOver(id, 2, 0, { reservations: [{ voucher }] })])).items[0].answer.reservations[0].outcome
  t.same(
    [await outcome(other.id), await outcome(nurse.id), await outcome(nurse.id)],
    ['not_collected', 'collected', 'not_collected'],
  )
})

t.test('every invariant holds, and the ledger verifies with entries that cite no rule', async (t) => {
  await invariantsHold(t, db)
  await publishLog(db, makeSigner())
  const bundle = join(await makeFolder(t), 'ledger.ndjson')
  t.match(await gomask(['export-ledger', bundle], await databaseOf(service)), { code: 0 })
  t.match(await gomask(['verify-ledger', bundle]), { code: 0, stdout: /^The bundle verifies/ })
})
