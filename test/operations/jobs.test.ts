import { PgBoss } from 'pg-boss'
import t from 'tap'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { startJobs } from '../../src/jobs/queue.ts'
import { invariantsHold } from '../support/invariants.ts'
import { eventsOn, letExpire } from '../support/records.ts'
import { startService } from '../support/service.ts'
import { until } from '../support/until.ts'
import { makeWorld, must } from '../support/world.ts'

const HOLDS = 205 // More than the sweep takes in one transaction.

const service = await startService(t)
const world = await makeWorld(service)
const { db, call } = service

t.test('the job expire-holds ends every hold whose time is over, and writes each event once', async (t) => {
  const errors = await works(t)
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 300))
  const reserve = async () =>
    must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })).body.id as string
  const [over, live] = [await reserve(), await reserve()]
  await multiply(over, HOLDS)
  await letExpire(db, over)

  await runJob('expire-holds')
  t.same(await statuses(), { expired: HOLDS, held: 1 })
  t.equal(await expiryEvents(), HOLDS)
  t.same(await eventsOn(db, over), ['reservation.created', 'reservation.expired'])
  t.same(await eventsOn(db, live), ['reservation.created'])
  const { body: stock } = await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })
  t.match(stock.items, [{ onHand: 300, held: 1, available: 299 }])

  await runJob('expire-holds')
  t.same(await statuses(), { expired: HOLDS, held: 1 }, 'running it again changes nothing')
  t.equal(await expiryEvents(), HOLDS)
  await invariantsHold(t, db)
  t.same(errors, [])
})

t.test('a shelf that was empty but for expired holds is told to have stock again', async (t) => {
  await works(t)
  const place = await world.pharmacy(3)
  const nurse = await world.professional(3)
  must(201, await world.count(place, 5))
  const { body: hold } = must(201, await world.reserve(nurse.token, { quantity: 5, pharmacy: place.finess }))
  t.same((await eventsOn(db, place.finess)).slice(-1), ['stock.depleted'])
  await letExpire(db, hold.id)
  await runJob('expire-holds')
  t.same((await eventsOn(db, place.finess)).slice(-2), ['stock.depleted', 'stock.replenished'])
})

t.test('the job forget-idempotency-keys deletes the keys whose time is over, and no other', async (t) => {
  await works(t)
  const keep = (key: string, interval: string | null) =>
    rows(
      db,
      'keep_key',
      sql`insert into idempotency_keys (scope, key, request_hash, status, response, expires_at)
          values ('a caller', ${key}, '', 200, '{}', clock_timestamp() + ${interval}::interval)`,
    )
  await keep('over', '-1 second')
  await keep('lives', '1 hour')
  await keep('lives for ever', null)
  await runJob('forget-idempotency-keys')
  const kept = await rows<{ key: string }>(
    db,
    'kept_keys',
    sql`select key from idempotency_keys where scope = 'a caller' order by key`,
  )
  t.same(
    kept.map(({ key }) => key),
    ['lives', 'lives for ever'],
  )
})

t.test('the jobs are on the schedule', async (t) => {
  const found = await rows<{ name: string; cron: string }>(
    db,
    'schedule',
    sql`select name, cron from pgboss.schedule order by name`,
  )
  t.match(found, [
    { name: 'anchor-days', cron: /^\d+ \* \* \* \*$/ },
    { name: 'apply-retention', cron: /^\d+ \d+ \* \* \*$/ },
    { name: 'expire-holds', cron: '* * * * *' },
    { name: 'forget-deliveries', cron: /^\d+ \d+ \* \* \*$/ },
    { name: 'forget-idempotency-keys', cron: /^\d+ \d+ \* \* \*$/ },
    { name: 'tell-events', cron: '* * * * *' },
  ])
})

/** Works the jobs for the length of a test, and returns what went wrong in them. */
async function works(t: { teardown(stop: () => Promise<void>): void }): Promise<Error[]> {
  const errors: Error[] = []
  const jobs = await startJobs(db, service.config, (error) => errors.push(error))
  t.teardown(() => jobs.stop())
  return errors
}

/** Puts a job into the queue, as its schedule does each minute, and waits until it was worked. */
async function runJob(name: string): Promise<void> {
  const sender = new PgBoss({
    schema: 'pgboss',
    db: { executeSql: (text, values) => db.foreign(text, values) as Promise<{ rows: never[] }> },
    migrate: false,
    supervise: false,
    schedule: false,
  })
  await sender.start()
  // Null when the schedule has put one in already: any that starts after this line will do.
  await sender.send(name, {})
  await until(`${name} was not worked`, async () => {
    const waiting = await rows<{ id: string }>(
      db,
      'waiting_jobs',
      sql`select id::text from pgboss.job where name = ${name} and state in ('created', 'retry', 'active')`,
    )
    return waiting.length === 0
  })
  await sender.stop({ graceful: false })
}

/** Makes one reservation into so many like it, all but itself expired. */
async function multiply(id: string, count: number): Promise<void> {
  // In one statement: the schedule's own sweep may come at any instant, and must find both or neither.
  await rows(
    db,
    'multiply_reservation',
    sql`with others as (
          insert into reservations (id, person_id, pharmacy, product, quantity, pickup_code, status, created_at, expires_at)
          select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, person_id, pharmacy, product, quantity,
            'code ' || n, 'held', created_at - interval '1 day', created_at - interval '1 hour'
          from reservations, generate_series(2, ${count}::int) as n where id = ${id}::uuid)
        update stock s set held = held + ${count}::int - 1 from reservations r
        where r.id = ${id}::uuid and s.pharmacy = r.pharmacy and s.product = r.product`,
  )
}

async function expiryEvents(): Promise<number> {
  const found = await rows(db, 'expiry_events', sql`select from events where type = 'reservation.expired'`)
  return found.length
}

async function statuses(): Promise<Record<string, number>> {
  const found = await rows<{ status: string; count: number }>(
    db,
    'statuses',
    sql`select status, count(*)::int as count from reservations group by status order by status`,
  )
  return Object.fromEntries(found.map(({ status, count }) => [status, count]))
}
