import t from 'tap'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { rpps } from '../support/numbers.ts'
import { asOwner } from '../support/records.ts'
import { startService } from '../support/service.ts'
import { range } from '../support/tally.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const MOST = 6
const many = { RATE_LIMIT: 1_000_000, RATE_LIMIT_NOT_FOUND: 1_000_000, UNSERVED_CHECKS_PER_HOUR: MOST }
const service = await startService(t, many)
const { call, db } = service
const world = await makeWorld(service)
const nurses = await Promise.all(range(MOST + 4).map((n) => world.professional(n)))
const numbers = nurses.map(({ id }) => id)
const limited = { status: 429, body: { code: 'rate_limited' }, headers: { 'retry-after': /^[1-9]\d*$/ } }

async function counter(n: number) {
  const place = await world.pharmacy(n)
  must(201, await world.count(place, 1_000))
  const check = (professional: string | undefined) =>
    call('POST', '/v1/dispensation-checks', { token: place.token, body: dispensationBody(professional ?? '', 1) })
  return { place, check }
}

t.test('429: one person more than a pharmacy may ask about in an hour without serving them', async (t) => {
  const { place, check } = await counter(1)
  for (const id of numbers.slice(0, MOST)) t.equal((await check(id)).status, 200)
  const refused = await check(numbers[MOST])
  t.match(refused, limited)
  t.ok(Number(refused.headers['retry-after']) > 3_000, 'by the hour')
  t.equal((await check(numbers[0])).status, 200, 'whoever was asked about may be asked about again')
  t.equal((await world.dispense(place, numbers[MOST] ?? '', 1)).status, 201, 'whoever is there is served')
  t.match(await world.dispense(place, numbers[MOST + 1] ?? '', 100), limited, 'a refusal would tell as much')
  t.equal((await (await counter(2)).check(numbers[MOST])).status, 200, 'another pharmacy goes on')
  t.equal((await world.dispense(place, numbers[0] ?? '', 1)).status, 201)
  t.equal((await check(numbers[MOST + 1])).status, 200, 'one who has been served makes room')
  t.match(await check(numbers[MOST + 2]), limited)
  await asOwner(db, `alter table accesses disable trigger user; update accesses set at = at - interval '1 hour'`)
  t.equal((await check(numbers[MOST + 2])).status, 200, 'an hour later')
})

t.test('a busy hour in which people are served has no end', async (t) => {
  const { place, check } = await counter(3)
  for (const id of numbers) {
    t.equal((await check(id)).status, 200)
    t.equal((await world.dispense(place, id, 1)).status, 201)
  }
})

t.test('429: numbers that nobody has, and refused hand-overs, count as people', async (t) => {
  const { place, check } = await counter(4)
  for (const n of range(MOST - 2)) t.match((await check(rpps(900 + n))).body, { code: 'professional_unknown' })
  for (const id of numbers.slice(0, 2)) t.equal((await world.dispense(place, id, 100)).status, 409)
  t.match(await check(rpps(999)), limited)
  t.match(await world.dispense(place, rpps(999), 1), limited)
})

t.test('many_checks: an hour of 50 questions without a hand-over shows ten minutes later', async (t) => {
  const { place } = await counter(5)
  const shown = async () => {
    const { body } = must(200, await call('GET', '/v1/audit/anomalies?kind=many_checks', { token: world.regulator }))
    return body.items
  }
  const ask = (people: number, ago: string) =>
    rows(
      db,
      `ask_${people}`,
      sql`insert into accesses (id, at, kind, person_id, reader_role, reader, pharmacy, outcome)
          select gen_random_uuid(), date_trunc('hour', clock_timestamp() - ${ago}::interval - interval '1 hour'), 'dispensation_check',
            case when n % 2 = 0 then gen_random_uuid() end, 'pharmacy', 'till', ${place.finess}, 'allow'
          from generate_series(1, ${people}::int) n`,
    )
  await ask(49, '1 minute')
  t.strictSame(await shown(), [])
  await ask(1, '1 minute')
  t.match(await shown(), [{ kind: 'many_checks', pharmacy: place.finess, count: 50, total: 50, threshold: 50 }])
})
