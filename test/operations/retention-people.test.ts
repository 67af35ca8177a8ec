import t, { type Test } from 'tap'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { sequenceAndPublish } from '../../src/jobs/ledger/sequencer.ts'
import { applyRetention } from '../../src/jobs/retention.ts'
import { exportBundle, verify } from '../support/bundle.ts'
import { chainOf, order } from '../support/erasure.ts'
import { ledgerJob } from '../support/ledger.ts'
import { adeli } from '../support/numbers.ts'
import { sealedHandOver } from '../support/past.ts'
import { asOwner } from '../support/records.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { tablesNaming } from '../support/traces.ts'
import { CENTRE, makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { call, db, config } = service
const world = await makeWorld(service, 10)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))
const publisher = await ledgerJob(t, service)

const retain = () => applyRetention(db, config)
const NOTHING = { histories: 0, names: 0, accesses: 0, refusals: 0, reservations: 0, events: 0, finished: true }
const given = (professional: string, daysAgo: number) =>
  sealedHandOver(db, { pharmacy: place.finess, professional, daysAgo })
const isNamed = async (entry: string) =>
  (await db.foreign('select from ledger_payloads where entry_id = $1', [entry])).rows.length === 1
const erasures = async (entry: string) => (await chainOf(service, entry)).filter(({ kind }) => kind === 'erasure')
const lastPut = (id: string, daysAgo: number) =>
  tamper(
    service,
    `update persons set updated_at = clock_timestamp() - interval '${daysAgo} days'
     where id = (select person_id from person_identifiers where identifier = '${id}')`,
  )
const directoryKnows = async (id: string) =>
  (await db.foreign('select from person_identifiers where identifier = $1', [id])).rows.length === 1
async function logVerifies(t: Test, erased: number): Promise<void> {
  await sequenceAndPublish(publisher)
  t.match(verify(await exportBundle(service)), { erased, unproved: 0 })
}

t.test('whom entries are about goes with the newest entry’s time, of all records of a person together', async (t) => {
  const [old, young, mixed] = [await world.professional(1), await world.professional(2), await world.professional(3)]
  const first = await given(old.id, 1_500)
  const last = await given(old.id, 1_096)
  const kept = await given(young.id, 1_094)
  const [before, after] = [await given(mixed.id, 1_500), await given(mixed.id, 1)]
  const response = { id: last, professional: old.id, override: null, lines: [] }
  await rows(
    db,
    'keep_answer',
    sql`insert into idempotency_keys (scope, key, request_hash, status, response)
        values ('till', 'old', sha512('a request'), 201, ${JSON.stringify(response)}::json)`,
  )
  t.same(await retain(), { ...NOTHING, histories: 1 })
  for (const entry of [first, last]) t.notOk(await isNamed(entry))
  for (const entry of [kept, before, after]) t.ok(await isNamed(entry), 'a young entry keeps the whole history')
  t.match(
    (await erasures(first)).map(({ payload }) => JSON.parse(payload ?? '')),
    [{ authority: 'retention', reason: 'kept for 1095 days' }],
  )
  await logVerifies(t, 2)
  const { rows: answers } = await db.foreign(`select response from idempotency_keys where key = 'old'`)
  t.match(answers, [{ response: { id: last, professional: null } }], 'the answer kept for retries names nobody either')
  t.same(await tablesNaming(db, [old.id]), ['person_identifiers'], 'the directory still knows the person')
  const { items } = must(200, await call('GET', '/v1/professionals/me/history', { token: old.token })).body
  t.match(items, [{ kind: 'erasure' }, { professional: null }, { professional: null }])

  must(201, await world.dispense(place, old.id, 2))
  t.same(await retain(), NOTHING, 'and again: nothing')
  t.equal((await erasures(first)).length, 1)
  await logVerifies(t, 2)
})

t.test('a merged person’s chains each end in an erasure; one that has had its own gets no second', async (t) => {
  const nurse = await world.professional(10)
  const body = {
    profession: '60',
    familyName: 'M',
    givenName: 'C',
    status: 'active',
    practice: { ...CENTRE, territory: 'FR-31' },
  }
  must(201, await call('PUT', `/v1/professionals/${adeli(10)}`, { token: world.admin, body }))
  const [older, newer] = [await given(adeli(10), 1_200), await given(nurse.id, 1_100)]
  await tamper(
    service,
    `update persons set merged_into = (select person_id from person_identifiers where identifier = '${nurse.id}')
    where id = (select person_id from person_identifiers where identifier = '${adeli(10)}')`,
  )
  t.match(await retain(), { histories: 1 })
  t.same([(await erasures(older)).length, (await erasures(newer)).length], [1, 1])
  const again = await given(nurse.id, 1_096)
  t.match(await retain(), { histories: 1 })
  t.same([(await erasures(older)).length, (await erasures(again)).length], [1, 2])
  await logVerifies(t, 5)
})

t.test('what a window counts, and who has a live reservation, is not touched', async (t) => {
  const nurse = await world.professional(20)
  const entry = await given(nurse.id, 1_200)
  const { id } = await world.rule({
    window: { kind: 'once' },
    validFrom: '2020-01-01T00:00:00.000Z',
    territory: 'FR-31',
  })
  t.same(await retain(), NOTHING, 'the rule gives once, and counts it still')
  must(200, await call('POST', `/v1/allocation-rules/${id}/withdrawal`, { token: world.admin, body: {} }))
  const hold = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })).body
  t.same(await retain(), NOTHING, 'the reservation is live')
  t.ok(await isNamed(entry))
  must(200, await call('POST', `/v1/reservations/${hold.id}/cancellation`, { token: nurse.token, body: {} }))
  t.same(await retain(), { ...NOTHING, histories: 1 })
})

t.test('names go when a person was neither served nor reserved nor put in again', async (t) => {
  const [gone, young, served, reserves, suspended, merged] = await Promise.all(
    [30, 31, 32, 33, 34, 35].map((n) => world.professional(n, n === 34 ? { status: 'suspended' } : {})),
  )
  if (!(gone && young && served && reserves && suspended && merged)) throw new Error('six were put in')
  const entry = await given(gone.id, 1_100)
  await given(served.id, 1_000)
  const hold = must(201, await world.reserve(reserves.token, { quantity: 1, pharmacy: place.finess })).body
  must(200, await call('POST', `/v1/reservations/${hold.id}/cancellation`, { token: reserves.token, body: {} }))
  for (const { id } of [gone, served, reserves, suspended]) await lastPut(id, 1_096)
  await lastPut(young.id, 1_094)
  t.same(await retain(), { ...NOTHING, names: 1 })
  t.notOk(await directoryKnows(gone.id))
  t.same(await tablesNaming(db, [gone.id, 'Martin30']), [])
  t.match(
    (await erasures(entry)).map(({ payload }) => JSON.parse(payload ?? '')),
    [{ reason: 'not seen for 1095 days' }],
  )
  for (const { id } of [young, served, reserves, suspended, merged]) t.ok(await directoryKnows(id))
  t.same(await retain(), NOTHING)
})

t.test('an erasure by retention does not keep the person from being erased on demand', async (t) => {
  const nurse = await world.professional(40)
  const entry = await given(nurse.id, 1_096)
  t.match(await retain(), { histories: 1 })
  must(200, await call('POST', `/v1/professionals/${nurse.id}/erasure`, { token: world.admin, key: true, body: order }))
  t.equal((await erasures(entry)).length, 2)
})

t.test('what fails in the middle is undone as a whole, keeps nobody else waiting, and is done next time', async (t) => {
  const people = [await world.professional(50), await world.professional(51), await world.professional(52)]
  const entries: string[] = []
  for (const { id } of people) entries.push(await given(id, 1_096))
  const [, second] = entries
  await asOwner(
    db,
    `create function fail() returns trigger language plpgsql as $$ begin raise exception 'crash'; end $$;
     create trigger fail before delete on ledger_payloads for each row when (old.entry_id = '${second}') execute function fail()`,
  )
  await t.rejects(retain(), /crash|delete_payloads|Failed query/)
  t.same(await Promise.all(entries.map(isNamed)), [false, true, false])
  t.same(await Promise.all(entries.map(async (id) => (await erasures(id)).length)), [1, 0, 1])
  await sequenceAndPublish(publisher)
  t.match(verify(await exportBundle(service)), { unproved: 0 }, 'what is left in between verifies')
  await asOwner(db, 'drop trigger fail on ledger_payloads; drop function fail')
  t.same(await applyRetention(db, config, { withinMs: 0 }), { ...NOTHING, finished: false }, 'no time, no work')
  t.same(await retain(), { ...NOTHING, histories: 1 })
  t.same(await Promise.all(entries.map(isNamed)), [false, false, false])
  await sequenceAndPublish(publisher)
  t.match(verify(await exportBundle(service)), { unproved: 0 })
})
