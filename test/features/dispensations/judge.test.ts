import t from 'tap'
import { oneRow } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { refusalsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t, { OVERRIDES_PER_WEEK: 2 })
const { call, db } = service
// No rule of the world's own: each test has a profession, and so a rule, to itself.
const world = await makeWorld(service, null)

const surgical = (quantity: number) => ({ product: 'surgical', quantity })
const ffp2 = (quantity: number) => ({ product: 'ffp2', quantity })
const emergency = { override: { reasonCode: 'emergency', note: 'Fire at the clinic' } }

const inSevenDays = (time: string) => new Date(Date.parse(time) + 7 * 86_400_000).toISOString()
const weekly = { window: { kind: 'calendar_weeks', count: 1 } }

async function stocked(n: number, more: object = {}) {
  const place = await world.pharmacy(n, more)
  for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 1_000, product))
  return place
}

/** A stocked pharmacy, and a professional of a profession of the test's own. */
async function counter(n: number, more: object = {}) {
  const profession = `T${n}`
  const place = await stocked(n)
  const nurse = await world.professional(n, { profession, ...more })
  const rule = (given: object = {}) => world.rule({ beneficiaries: [{ profession }], cap: 18, ...given })
  const handOver = (quantity: number, given: object = {}) => world.dispense(place, nurse.id, quantity, given)
  return { place, nurse, profession, rule, handOver }
}

t.test('409 no_rule_in_force and profession_not_entitled: without a rule nobody receives', async (t) => {
  const { nurse, rule, handOver } = await counter(1)
  t.match(await handOver(1), { status: 409, body: { code: 'no_rule_in_force' } })
  const other = await rule({ beneficiaries: [{ profession: '10' }] })
  t.match(await handOver(1), { status: 409, body: { code: 'profession_not_entitled' } })
  t.match(await refusalsOn(db, nurse.id), [{ code: 'no_rule_in_force' }, { code: 'profession_not_entitled' }])
  t.match(await handOver(1, emergency), { status: 409, body: { code: 'profession_not_entitled' } }, 'nor by override')
  must(200, await call('POST', `/v1/allocation-rules/${other.id}/withdrawal`, { token: world.admin }))
})

t.test('409 entitlement_exceeded: with what is left, when more will be, the rule and its source', async (t) => {
  const { place, nurse, rule, handOver } = await counter(2)
  const { id } = await rule()
  const given = must(201, await handOver(10)).body
  const elsewhere = await stocked(20)
  const answer = await world.dispense(elsewhere, nurse.id, 9)
  t.match(answer, {
    status: 409,
    body: {
      code: 'entitlement_exceeded',
      remaining: [surgical(8)],
      resetsAt: inSevenDays(given.dispensedAt),
      rule: { id, source: { title: 'A rule for tests', reference: 'TEST-1', url: null } },
    },
  })
  for (const secret of [nurse.id, place.finess, 'Martin']) t.notMatch(JSON.stringify(answer.body), secret)
  t.match(await refusalsOn(db, nurse.id), [
    { verb: 'dispensation', code: 'entitlement_exceeded', rule: id, pharmacy: elsewhere.finess },
  ])
  t.equal((await world.dispense(elsewhere, nurse.id, 8)).status, 201)
})

t.test('sub-caps limit single products within the cap, and remaining is the smaller of the two', async (t) => {
  const { nurse, rule, handOver } = await counter(3)
  await rule({ subCaps: [{ product: 'ffp2', cap: 6 }] })
  t.match(await handOver(0, { lines: [ffp2(7)] }), {
    status: 409,
    body: { code: 'entitlement_exceeded', remaining: [ffp2(6)] },
  })
  t.match(await handOver(0, { lines: [ffp2(2), surgical(3)] }), {
    status: 201,
    body: { remaining: [ffp2(4), surgical(13)] },
  })
  t.match(await handOver(11), { status: 201, body: { remaining: [surgical(2)] } })
  const { items } = (await call('GET', '/v1/entitlements/me', { token: nurse.token })).body
  t.match(items, [
    { product: 'ffp2', remaining: 2 },
    { product: 'surgical', remaining: 2 },
  ])
  t.match(await handOver(0, { lines: [ffp2(2), surgical(1)] }), { status: 409 }, 'the total binds both')
  t.match(await handOver(0, { lines: [ffp2(1), surgical(1)] }), { status: 201, body: { remaining: [ffp2(0)] } })
})

t.test('a later rule supersedes from its validFrom on, over what was received in its own window', async (t) => {
  const { rule, handOver } = await counter(4)
  await rule({ validFrom: '2026-01-01T00:00:00Z', cap: 18 })
  must(201, await handOver(12))
  const next = await rule({ validFrom: minutesAgo(1), cap: 24 })
  const given = await handOver(1)
  t.match(given, { status: 201, body: { rule: { id: next.id }, remaining: [surgical(11)] } })
  const lower = await rule({ validFrom: given.body.recordedAt, cap: 13 })
  t.match(await handOver(1), {
    status: 409,
    body: { code: 'entitlement_exceeded', remaining: [surgical(0)], rule: { id: lower.id } },
  })
  await rule({ validFrom: minutesAgo(-60), cap: 99 })
  t.equal((await handOver(1)).status, 409, 'one that is not yet in force judges nothing')
  must(200, await call('POST', `/v1/allocation-rules/${lower.id}/withdrawal`, { token: world.admin }))
  t.match(await handOver(1), { status: 201, body: { rule: { id: next.id }, remaining: [surgical(10)] } })
})

t.test('a rule ended, and one that names the speciality', async (t) => {
  const { profession, rule, handOver } = await counter(5, { speciality: 'hospital' })
  await rule({ validTo: minutesAgo(1), cap: 50 })
  t.match(await handOver(1), { status: 409 })
  const whole = await rule({ validFrom: minutesAgo(2), cap: 5 })
  const special = await rule({ beneficiaries: [{ profession, speciality: 'hospital' }], cap: 9 })
  t.match(await handOver(1), { status: 201, body: { rule: { id: special.id }, remaining: [surgical(8)] } })
  const plain = await world.professional(50, { profession })
  t.match(await world.dispense(await stocked(50), plain.id, 1), { status: 201, body: { rule: { id: whole.id } } })
})

t.test('the practice’s territory judges, else the pharmacy’s, and the narrower rule prevails', async (t) => {
  const { place, profession, rule, handOver } = await counter(6)
  const [france, occitanie] = [await rule(), await rule({ territory: 'FR-OCC', cap: 9 })]
  t.match(await handOver(1), { status: 201, body: { rule: { id: occitanie.id } } })
  const breton = await world.professional(60, { profession, practice: { ...CENTRE, territory: 'FR-35' } })
  t.match(await world.dispense(place, breton.id, 1), { status: 201, body: { rule: { id: france.id } } })
  const homeless = await world.professional(61, { profession, practice: undefined })
  t.match(await world.dispense(place, homeless.id, 1), { status: 201, body: { rule: { id: occitanie.id } } })
})

t.test('weeks begin by the clocks of the territory that judges', async (t) => {
  const { profession, rule } = await counter(10)
  await rule(weekly)
  const island = await stocked(100, { territory: 'FR-974' })
  const homeless = await world.professional(100, { profession, practice: undefined })
  const visitor = await world.professional(101, { profession, practice: { ...CENTRE, territory: 'FR-31' } })
  const weekday = (instant: string, timeZone: string) =>
    new Date(instant).toLocaleString('en-GB', { timeZone, weekday: 'long', hour: '2-digit', minute: '2-digit' })
  for (const [{ id }, timeZone] of [
    [homeless, 'Indian/Reunion'],
    [visitor, 'Europe/Paris'],
  ] as const) {
    // Both at one instant, and so in one week whatever the clock does meanwhile.
    const then = { dispensedAt: new Date().toISOString() }
    const { window } = must(201, await world.dispense(island, id, 1, then)).body
    t.match(weekday(window.start, timeZone), /^Monday.*00:00$/, timeZone)
    t.match(weekday(window.end, timeZone), /^Monday.*00:00$/, timeZone)
    const { resetsAt } = must(409, await world.dispense(island, id, 18, then)).body
    t.equal(resetsAt, window.end)
    t.match(weekday(resetsAt, timeZone), /^Monday.*00:00$/, `${timeZone}: more comes with the next week`)
  }
})

t.test('windows: once since validFrom, and the last n times 24 hours', async (t) => {
  const { rule, handOver } = await counter(7)
  const once = await rule({ window: { kind: 'once' }, validFrom: '2026-01-01T00:00:00.000Z' })
  const given = await handOver(10)
  t.match(given, {
    status: 201,
    body: { rule: { id: once.id }, window: { start: '2026-01-01T00:00:00.000Z', end: null } },
  })
  t.match(await handOver(9), { status: 409, body: { code: 'entitlement_exceeded', resetsAt: null } })
  await rule({ window: { kind: 'rolling_days', count: 7 }, validFrom: minutesAgo(5) })
  const rolling = await handOver(9)
  t.match(rolling, { status: 409, body: { code: 'entitlement_exceeded', remaining: [surgical(8)] } })
  t.equal(rolling.body.resetsAt, inSevenDays(given.body.dispensedAt), 'when the first receipt is seven days old')
})

t.test('an override lifts the cap and nothing else, and is flagged for ever', async (t) => {
  const { place, nurse, rule, handOver } = await counter(8)
  await rule()
  must(201, await handOver(15))
  const within = await handOver(1, emergency)
  t.match(within, { status: 201, body: { flags: [] } }, 'one that was not needed is none')
  const { status, body } = await handOver(10, emergency)
  t.equal(status, 201)
  t.strictSame([body.flags, body.remaining], [['override'], [surgical(0)]])
  const { payload } = await oneRow<{ payload: string }>(
    db,
    'override_payload',
    sql`select convert_from(payload, 'UTF8') as payload from ledger_payloads where entry_id = ${body.id}::uuid`,
  )
  t.match(JSON.parse(payload), emergency)
  const history = (await call('GET', '/v1/professionals/me/history', { token: nurse.token })).body.items
  t.strictSame(history[0].flags, ['override'])
  t.match(await handOver(2_000, emergency), { status: 409, body: { code: 'stock_insufficient' } })
  t.match(await world.dispense(place, nurse.id, 1), { status: 409, body: { code: 'entitlement_exceeded' } })
})

t.test('409 override_not_allowed: so many a pharmacy and week, another pharmacy has its own', async (t) => {
  const { nurse, rule, handOver } = await counter(9)
  await rule({ cap: 1 })
  must(201, await handOver(1))
  for (const reasonCode of ['cluster', 'directive']) {
    t.match(await handOver(5, { override: { reasonCode } }), { status: 201, body: { flags: ['override'] } })
  }
  t.match(await handOver(5, { override: { reasonCode: 'other' } }), {
    status: 409,
    body: { code: 'override_not_allowed' },
  })
  t.match((await refusalsOn(db, nurse.id)).at(-1), { code: 'override_not_allowed' })
  t.equal((await world.dispense(await stocked(90), nurse.id, 5, emergency)).status, 201)
})

t.test('on hand and held are the sums of their movements and holds, and no cap was passed', (t) =>
  invariantsHold(t, db),
)
