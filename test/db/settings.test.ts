import { text as textOf } from 'node:stream/consumers'
import t from 'tap'
import type { Queryable } from '../../src/db/database.ts'
import { openServer } from '../../src/db/server.ts'
import { openServerOwner } from '../../src/db/server-owner.ts'
import { connectionWith, RELIED_ON } from '../../src/db/settings.ts'
import { sql } from '../../src/db/sql.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { sequence } from '../../src/store/merkle-log.ts'
import { makeDatabase, onServerOnly, PATIENT } from '../support/database.ts'
import { exported } from '../support/exports.ts'
import { sealedHandOver } from '../support/past.ts'
import { type Service, startBeside, startService } from '../support/service.ts'
import { superuser } from '../support/superuser.ts'
import { makeWorld, must } from '../support/world.ts'

/** What a database, or a role in it, may have been given for another program's sake. */
const FOREIGN = {
  datestyle: `'German, DMY'`,
  intervalstyle: 'sql_standard',
  timezone: `'Pacific/Chatham'`,
  extra_float_digits: '-9',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  search_path: 'decoy',
  default_transaction_isolation: 'serializable',
  client_min_messages: 'error',
  lock_timeout: '1',
  statement_timeout: '1',
}
const DAYS_AGO = [1, 9, 16, 24, 31, 45, 66, 100, 150]

t.test('settings of the database or the role change no answer', { skip: onServerOnly }, async (t) => {
  const service = await startService(t)
  const url = service.url ?? ''
  const world = await makeWorld(service, 60)
  const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
  const nurse = await world.professional(1)
  for (const daysAgo of DAYS_AGO) {
    await sealedHandOver(service.db, { pharmacy: place.finess, professional: nurse.id, daysAgo })
  }
  await inTransaction(service.db, sequence)
  must(201, await world.count(place, 100))
  must(201, await world.dispense(place, nurse.id, 2))
  const movements = `/v1/pharmacies/${place.finess}/stock-movements`
  const delivery = { product: 'surgical', kind: 'delivery', quantity: 5, lot: 'L1', bestBefore: '2031-04-03' }
  const deliver = (to: Service) => {
    const body = { ...delivery, occurredAt: new Date().toISOString() }
    return to.call('POST', movements, { token: place.token, key: true, body })
  }
  must(201, await deliver(service))
  must(409, await world.dispense(other, nurse.id, 5))
  const summary = '/v1/audit/summary?limit=2&groupBy='
  const asked: [string, string][] = [
    ...['week', 'week,territory,product', 'profession,week', 'pharmacy'].map((groups): [string, string] => [
      world.regulator,
      summary + groups,
    ]),
    [world.regulator, '/v1/audit/dispensations?limit=4'],
    [world.regulator, '/v1/audit/refusals?limit=4'],
    [world.regulator, '/v1/audit/anomalies'],
    [place.token, `${movements}?limit=2`],
    [place.token, `/v1/pharmacies/${place.finess}/stock`],
    [place.token, '/v1/dispensations?limit=4'],
    [nurse.token, '/v1/professionals/me/history?limit=4'],
    [nurse.token, `/v1/pharmacies/${place.finess}`],
    [world.admin, '/v1/allocation-rules'],
  ]
  const answers = async (from: Service) => ({
    lists: await allLists(from, asked),
    csv: (await exported(from, world.regulator, 'text/csv')).body,
    ndjson: (await exported(from, world.regulator, 'application/x-ndjson')).body,
  })
  const before = await answers(service)
  const weeks = (before.lists[`${summary}week`] as { week: string }[]).map(({ week }) => week)
  t.same(weeks, [...new Set(weeks)].toSorted(), 'each week once, in their order')
  t.ok(weeks.length >= DAYS_AGO.length - 1)
  t.match(before.csv, /\d{4}-\d\d-\d\dT/)

  const { run, end } = await superuser(service)
  t.teardown(end)
  await run(`create schema decoy; create table decoy.products (like public.products);
    grant usage on schema decoy to public; grant select on decoy.products to public`)
  const name = new URL(url).pathname.slice(1)
  for (const whose of [`database ${name}`, `role current_user in database ${name}`]) {
    for (const [setting, value] of Object.entries(FOREIGN)) await run(`alter ${whose} set ${setting} = ${value}`)
    await t.test(`of ${whose.split(' ')[0]}`, async (t) => {
      const db = openServer(url, { connections: 4, timeouts: PATIENT, onError: () => {} })
      t.teardown(() => db.close())
      const beside = await startBeside(t, { ...service, db })
      t.same(await answers(beside), before)
    })
    await run(`alter ${whose} reset all`)
  }
})

t.test('every connection has the settings that the program relies on', async (t) => {
  const { db, url, drop } = await makeDatabase(4)
  t.teardown(drop)
  const shown = sql`select json_object_agg(lower(name), setting) as found from pg_settings
    where lower(name) = any (${sql.param(Object.keys(RELIED_ON))}::text[])`
  const want = Object.fromEntries(
    Object.entries(RELIED_ON).map(([name, value]) => [name, name === 'datestyle' ? 'ISO, YMD' : value]),
  )
  const found = async (from: Queryable) => {
    const { rows } = await from.execute(shown)
    return rows[0]?.found
  }
  t.same(await found(db), want, 'for statements')
  t.same(await found(db.readings), want, 'for readings')
  t.same(await db.attempt(found), want, 'for transactions')
  t.same(JSON.parse(await textOf(await db.copyOut(shown, 'lines'))), want, 'for exports')
  if (url === undefined) return
  await t.test('also with others in the address, which it keeps where nothing relies on them', async (t) => {
    const address = `${url}?application_name=me&options=${encodeURIComponent('-c datestyle=German -c work_mem=5MB')}`
    const other = openServer(address, { connections: 1, timeouts: PATIENT, onError: () => {} })
    t.teardown(() => other.close())
    t.same(await found(other), want)
    const { rows } = await other.execute(
      sql`select current_user::text as role, current_setting('work_mem') as work_mem`,
    )
    t.same(rows, [{ role: 'gomask_app', work_mem: '5MB' }])
    const owner = await openServerOwner(address)
    t.teardown(() => owner.close())
    const [row] = await owner.rows(
      `select current_setting('datestyle') as style, current_setting('work_mem') as work_mem`,
    )
    t.same(row, { style: 'ISO, YMD', work_mem: '5MB' })
  })
})

t.test('an address is otherwise left as it is', (t) => {
  for (const address of ['postgres://u:p%3F@h:1/d', 'postgres:///d?host=%2Frun', 'postgres://u@h/d?sslmode=require']) {
    t.same(connectionWith(address, { a: 'b c' }), { connectionString: address, options: '-c a=b\\ c' })
  }
  t.end()
})

/** What each token is shown at its path, by path; one after the other, as a caller has few audits at a time. */
async function allLists(from: Service, asked: string[][]): Promise<Record<string, unknown>> {
  const lists: Record<string, unknown> = {}
  for (const [token = '', path = ''] of asked) lists[path] = await allPages(from, token, path)
  return lists
}

/** All items of a list, page after page; what has no pages is answered as it is. */
async function allPages(from: Service, token: string, path: string, cursor?: string): Promise<unknown> {
  const { body } = must(200, await from.call('GET', cursor ? `${path}&cursor=${cursor}` : path, { token }))
  if (!body.nextCursor) return body.items ?? body
  return [...body.items, ...((await allPages(from, token, path, body.nextCursor)) as unknown[])]
}
