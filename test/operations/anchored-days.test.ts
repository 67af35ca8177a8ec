import pg from 'pg'
import t from 'tap'
import { readClock } from '../../src/db/clock.ts'
import type { Database } from '../../src/db/database.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { DAY_ANCHORED, dayOf, forgottenUpTo } from '../../src/domain/anchored-day.ts'
import { leafHash, nodeHash } from '../../src/domain/merkle.ts'
import { anchorDays } from '../../src/jobs/anchor-days.ts'
import { applyRetention } from '../../src/jobs/retention.ts'
import { readDayRoot } from '../../src/store/day-roots.ts'
import { runCheck } from '../../src/store/invariants.ts'
import { appendRecord } from '../../src/store/log-records.ts'
import { recordsOfKind } from '../../src/store/records-of-kind.ts'
import { ALL, exportBundle, linesOf, verify } from '../support/bundle.ts'
import { onServerOnly, withAllRights } from '../support/database.ts'
import { publishLog } from '../support/log.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const DAY_MS = 86_400_000

const service = await startService(t)
const { call, db, config } = service
const world = await makeWorld(service, 10)
const place = await world.pharmacy(1)
must(201, await world.count(place, 100))
const now = await readClock(db)
const day = (ago: number) => dayOf(now - ago * DAY_MS)
const check = async () => (await runCheck(db, 'check_days')).map(({ row, found }) => `${row}: ${found}`)
const anchored = async () => (await recordsOfKind(db, DAY_ANCHORED)).map(({ subject }) => subject)
const move = (table: string, ago: number) =>
  tamper(service, `update ${table} set at = '${day(ago)}T12:00Z' where at >= '${day(1)}T00:00Z'`)

const nurse = await world.professional(1)
await move('admin_acts', 5)
const body = dispensationBody(nurse.id, 1)
must(200, await call('POST', '/v1/dispensation-checks', { token: place.token, body }))
await move('accesses', 34)
for (const ago of [32, 4, 3]) {
  must(200, await call('POST', '/v1/dispensation-checks', { token: place.token, body }))
  must(409, await world.dispense(place, nurse.id, 50))
  await move('accesses', ago)
  await move('refusals', ago)
}
const copies = ['accesses', 'refusals', 'admin_acts', 'admin_act_places']
await tamper(service, ...copies.map((table) => `create table kept_${table} as select * from ${table}`))
const restore = () =>
  tamper(
    service,
    ...copies.flatMap((each) => [`delete from ${each}`, `insert into ${each} select * from kept_${each}`]),
  )

t.test('a day is not anchored while a transaction that began before writes', { skip: onServerOnly }, async (t) => {
  const slow = new pg.Client({ connectionString: withAllRights(service.url ?? '') })
  await slow.connect()
  t.teardown(() => slow.end())
  await slow.query('begin')
  await slow.query(`insert into accesses select gen_random_uuid(), '${day(3)}T13:00Z', kind, person_id, reader_role, reader, pharmacy,
    outcome, operator, selection, person_ids from accesses limit 1`)
  t.same(await anchorDays(db, { settleMs: 0 }), [])
  await slow.query('rollback')
})

t.test('each day that is over is anchored once, and a run that is killed is completed by the next', async (t) => {
  let days = 0
  const killed: Database = {
    ...db,
    attempt: (work) => (++days > 3 ? Promise.reject(new Error('killed')) : db.attempt(work)),
  }
  await t.rejects(anchorDays(killed), /killed/)
  t.same(await anchored(), [day(34), day(33), day(32)])
  t.match(await anchorDays(db), [day(31), day(30), day(29)])
  t.same(await anchorDays(db), [])
  t.same(
    (await anchored()).slice(0, 33),
    [...Array(33).keys()].map((n) => day(34 - n)),
  )
  t.same(await check(), [])
})

t.test('a day’s root is that of RFC 6962 over its rows as JSON, oldest first', async (t) => {
  const other = '2026-02-28'
  const ids = ['00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001']
  const person = '00000000-0000-4000-8000-000000000009'
  await tamper(
    service,
    `insert into accesses (id, at, kind, person_id, reader_role, reader, pharmacy, outcome) values
      ('${ids[0]}', '${other}T00:00Z', 'history', '${person}', 'regulator', 'é"', null, 'shown')`,
    `insert into accesses (id, at, kind, person_ids, reader_role, reader, pharmacy, outcome, operator) values
      ('${ids[1]}', '${other}T23:59:59.999Z', 'refusals', '{${person}}', 'admin', 'a', '310000019', 'shown', 'b')`,
  )
  const start = Date.parse(`${other}T00:00Z`)
  const [one, two] = [
    `["gomask-access-v1", "${ids[0]}", ${start}, "history", "${person}", null, "regulator", "é\\"", null, "shown", null, null]`,
    `["gomask-access-v1", "${ids[1]}", ${start + DAY_MS - 1}, "refusals", null, ["${person}"], "admin", "a", "310000019", "shown", "b", null]`,
  ].map((leaf) => leafHash(Buffer.from(leaf))) as [Buffer, Buffer]
  t.same(await readDayRoot(db, 'accesses', other), { count: 2, root: nodeHash(one, two).toString('base64') })
  await restore()
  const said = (await recordsOfKind(db, DAY_ANCHORED)).find(({ subject }) => subject === day(3))
  const { count, root } = await readDayRoot(db, 'accesses', day(3))
  t.match(said?.fields, [
    ['accesses', 1, count, root],
    ['refusals', 1, 1],
    ['admin_acts', 1, 0],
  ])
})

t.test('whatever is altered, deleted or added later is named by what it is and its day', async (t) => {
  const { rows } = await db.foreign(`select count(*)::int as acts from admin_acts`)
  const acts = (rows as { acts: number }[])[0]?.acts ?? 0
  await tamper(service, 'create table kept_log_records as select * from log_records')
  const forge = async (...forgeries: string[]) => {
    await tamper(service, ...forgeries)
    const found = await check()
    await restore()
    await tamper(service, 'delete from log_records', 'insert into log_records select * from kept_log_records')
    return found
  }
  const wiped = await forge(
    `delete from accesses where person_id = (select id from persons limit 1) and at > '${day(20)}'`,
    `update refusals set facts = '{}' where at >= '${day(3)}'`,
    `delete from admin_acts where id = (select id from admin_acts where kind = 'pharmacy' limit 1)`,
    `delete from log_records where subject = '${day(7)}'`,
  )
  t.same(wiped, [
    `the day ${day(7)}: nothing of it is anchored`,
    `accesses of ${day(4)}: 1 of 1 rows are gone`,
    `accesses of ${day(3)}: 1 of 1 rows are gone`,
    `refusals of ${day(3)}: its 1 rows are not those that were anchored`,
    `admin_acts of ${day(5)}: 1 of ${acts} rows are gone`,
  ])
  const altered = await forge(
    `update accesses set operator = 'nobody' where at >= '${day(4)}' and at < '${day(3)}'`,
    `update refusals set at = at + interval '1 day' where at < '${day(31)}'`,
    `update admin_act_places set territory = 'FR-29' where kind = 'pharmacy'`,
    `insert into accesses (id, at, kind, reader_role, reader, outcome)
     values (gen_random_uuid(), '${day(50)}', 'history', 'admin', 'a', 'shown')`,
    `delete from log_records where subject >= '${day(3)}'`,
  )
  t.same(altered, [
    `the day ${day(3)}: nothing of it is anchored`,
    `accesses before ${day(34)}: 1 rows were added before the first anchored day`,
    `accesses of ${day(4)}: its 1 rows are not those that were anchored`,
    `refusals of ${day(32)}: 1 of 1 rows are gone`,
    `refusals of ${day(31)}: 1 rows were added to 0`,
    `admin_acts of ${day(5)}: its ${acts} rows are not those that were anchored`,
  ])
  t.same(await check(), [])
})

t.test(
  'what is forgotten in time is said first, and is no forgery; what is not said, or too soon, is one',
  async (t) => {
    await db.foreign('select forget_accesses(30, 5000)')
    t.same(await check(), [
      `accesses of ${day(34)}: 1 of 1 rows are gone`,
      `accesses of ${day(32)}: 1 of 1 rows are gone`,
    ])
    await restore()

    const killed: Database = {
      ...db,
      execute: (query, name) =>
        name === 'forget_accesses' ? Promise.reject(new Error('killed')) : db.execute(query, name),
    }
    const periods = { ...config, ACCESS_RETENTION_DAYS: 33 }
    await t.rejects(applyRetention(killed, periods), { cause: { message: 'killed' } })
    t.same(await check(), [], 'it was said, and not done yet')
    t.match(await applyRetention(db, periods), { accesses: 1 })
    t.same(await check(), [])
    t.match(await applyRetention(db, { ...periods, ACCESS_RETENTION_DAYS: 30 }), { accesses: 1 }, 'a shorter period')
    t.same(await check(), [])
    await tamper(service, `delete from accesses where at >= '${day(3)}'`)
    t.same(await check(), [`accesses of ${day(3)}: 1 of 1 rows are gone`], 'a younger one')

    const lie = { ...forgottenUpTo('accesses', day(2)), recordedAt: now }
    await inTransaction(db, async (tx) => appendRecord(tx, lie))
    t.same(await check(), [
      `log record forgotten_up_to ${lie.subject}: these may not be forgotten so soon`,
      `accesses of ${day(3)}: 1 of 1 rows are gone`,
    ])
  },
)

t.test('a bundle proves what was anchored; one of a person or pharmacy does not carry every day', async (t) => {
  must(201, await world.dispense(place, nurse.id, 1))
  await publishLog(db, service.signers[0])
  const whole = await exportBundle(service)
  t.match(verify(whole), { header: { entries: linesOf(whole).entries.length } })
  t.match(whole, 'day_anchored')
  const { body: remit } = must(200, await call('GET', '/v1/ledger/bundle', { token: world.regulator }))
  t.match(verify(remit), { header: { entries: linesOf(remit).entries.length } })
  t.match(remit, 'day_anchored')
  for (const some of [{ professional: nurse.id }, { pharmacy: place.finess }]) {
    const bundle = await exportBundle(service, { ...ALL, ...some })
    t.match(verify(bundle), { header: { entries: linesOf(bundle).entries.length } })
    t.notMatch(bundle, 'day_anchored')
  }
})
