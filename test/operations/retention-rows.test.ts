import t from 'tap'
import { applyRetention } from '../../src/jobs/retention.ts'
import { logEvents } from '../../src/store/event-log.ts'
import { startService } from '../support/service.ts'
import { superuser, tamper } from '../support/superuser.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const REFUSED = { code: '42501' } // insufficient_privilege

const service = await startService(t)
const { call, db, config } = service
const world = await makeWorld(service, 10)
const place = await world.pharmacy(1)
must(201, await world.count(place, 100))
const nurse = await world.professional(1)

const age = (table: 'accesses' | 'refusals', days: number) =>
  tamper(
    service,
    `update ${table} set at = at - interval '${days} days' where id = (select id from ${table} order by at desc, id desc limit 1)`,
  )
const check = async () =>
  must(200, await call('POST', '/v1/dispensation-checks', { token: place.token, body: dispensationBody(nurse.id, 1) }))
const list = async () => must(200, await call('GET', '/v1/reservations', { token: place.token }))
const countOf = async (table: string) => {
  const { rows } = await db.foreign(`select count(*)::int as count from ${table}`)
  return (rows as { count: number }[])[0]?.count ?? 0
}
const agesOf = async (table: 'accesses' | 'refusals') => {
  const { rows } = await db.foreign(
    `select round(extract(epoch from clock_timestamp() - at) / 86400)::int as days from ${table} order by at`,
  )
  return (rows as { days: number }[]).map(({ days }) => days)
}

t.test('accesses go with their time, those of lists too, and younger ones stay', async (t) => {
  must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess }))
  for (const days of [500, 366, 364, 0]) {
    await check()
    await age('accesses', days)
  }
  await list()
  await age('accesses', 400)
  t.same(await agesOf('accesses'), [500, 400, 366, 364, 0])
  t.match(await applyRetention(db, config, { dryRun: true }), { accesses: 3 })
  t.same(await agesOf('accesses'), [500, 400, 366, 364, 0], 'a dry run counts, and no more')
  t.match(await applyRetention(db, config), { accesses: 3, refusals: 0, finished: true })
  t.same(await agesOf('accesses'), [364, 0])
  t.match(await applyRetention(db, { ...config, ACCESS_RETENTION_DAYS: 30 }), { accesses: 1 }, 'another period')
  t.same(await agesOf('accesses'), [0])
})

t.test('refusals go with theirs', async (t) => {
  for (const days of [1_200, 1_096, 1_094, 400]) {
    must(409, await world.dispense(place, nurse.id, 50))
    await age('refusals', days)
  }
  t.match(await applyRetention(db, config, { dryRun: true }), { refusals: 2 })
  t.match(await applyRetention(db, config), { accesses: 0, refusals: 2, finished: true })
  t.same(await agesOf('refusals'), [1_094, 400])
})

t.test('reservations that have ended, and events, go with theirs', async (t) => {
  await db.foreign(`insert into reservations (id, person_id, pharmacy, product, quantity, pickup_code, status, created_at,
      expires_at, ended_at)
    select (lpad(to_hex((extract(epoch from made.at) * 1000)::bigint), 12, '0') || '7000800000000000000' || n)::uuid,
      (select person_id from person_identifiers where identifier = '${nurse.id}'), '${place.finess}', 'surgical', 1, '0000-000' || n,
      'expired', made.at, made.at + interval '1 day', made.at + interval '1 day'
    from unnest(array[1200, 1097, 1095, 10]) with ordinality as kept (days, n),
      lateral (select date_trunc('milliseconds', clock_timestamp() - make_interval(days => days)) as at) as made`)
  await db.foreign(`insert into events (type, subject, ids, at)
    select 'made', 'up', '{}', clock_timestamp() - make_interval(days => days) from unnest(array[31, 29]) as days`)
  await logEvents(db)
  const before = { reservations: await countOf('reservations'), events: await countOf('event_log') }
  t.match(await applyRetention(db, config, { dryRun: true }), { reservations: 2, events: 1 })
  t.match(await applyRetention(db, config), { reservations: 2, events: 1, finished: true })
  t.same(
    { reservations: await countOf('reservations'), events: await countOf('event_log') },
    { reservations: before.reservations - 2, events: before.events - 1 },
    'what is held, or is younger, stays',
  )
})

t.test('nobody forgets sooner: not the service by its functions, nor who may delete at all', async (t) => {
  must(409, await world.dispense(place, nurse.id, 50))
  await age('refusals', 360)
  await check()
  await age('accesses', 20)
  for (const statement of [
    'select forget_accesses(29, 10)',
    'select forget_accesses(null, 10)',
    'select forget_refusals(364, 10)',
    'delete from accesses',
    'delete from refusals',
  ]) {
    await t.rejects(db.foreign(statement), REFUSED, statement)
  }
  const { run, end } = await superuser(service)
  await t.rejects(run(`delete from refusals where at > clock_timestamp() - interval '361 days'`), REFUSED)
  await t.rejects(run('update refusals set code = code'), REFUSED)
  const { rows } = await run(`select proname from pg_proc where proname like 'forget%' and
    has_function_privilege('public', oid, 'execute')`)
  t.same(rows, [], 'and nobody else may call them')
  await end()
})
