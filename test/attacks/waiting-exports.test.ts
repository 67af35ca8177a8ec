import t, { type Test } from 'tap'
import { sql } from '../../src/db/sql.ts'
import { attacking } from '../support/attack.ts'
import { makeDatabase, onServerOnly } from '../support/database.ts'
import { publishLog } from '../support/log.ts'
import { type Service, startService } from '../support/service.ts'
import { superuser } from '../support/superuser.ts'
import { range } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { makeWorld, must } from '../support/world.ts'

t.test('an export that waits for its first rows ends with its reader', { skip: onServerOnly }, async (t) => {
  const service = await startService(t)
  const world = await makeWorld(service, 100)
  const place = await world.pharmacy(1)
  const person = await world.professional(1)
  must(201, await world.count(place, 10))
  must(201, await world.dispense(place, person.id, 1))
  const statements = await slowDown(t, service)
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => service.app.server.closeAllConnections())

  // More than there may be at a time: each has the place of the one before.
  for (const n of range(attacking(5))) {
    const reader = await readerOf(t, service, `${url}/v1/audit/dispensations`, `hasty-${n}`)
    await until('its statement did not start', async () => (await statements()) === 1)
    reader.leave()
    t.equal(await reader.end, 'left')
    await until('its statement goes on', async () => (await statements()) === 0)
  }
  t.strictSame(
    service.logged.filter((line) => /"level":"(error|fatal)"/.test(line)),
    [],
    'it is no fault',
  )
})

t.test(
  'a bundle and one’s own data end with their reader, in the middle of a statement',
  { skip: onServerOnly },
  async (t) => {
    const service = await startService(t)
    const world = await makeWorld(service, 100)
    const place = await world.pharmacy(1)
    const person = await world.professional(1)
    must(201, await world.count(place, 10))
    must(201, await world.dispense(place, person.id, 1))
    await publishLog(service.db, service.signers[0])
    const statements = await slowDown(t, service, `application_name = 'gomask'`)
    const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
    t.teardown(() => service.app.server.closeAllConnections())

    const readers = {
      bundle: async () => readerOf(t, service, `${url}/v1/ledger/bundle`, 'hasty'),
      'own data': async () => read(t, `${url}/v1/professionals/me/data`, person.token),
    }
    for (const [name, reader] of Object.entries(readers)) {
      const { end, leave } = await reader()
      await until(`${name}: its statement did not start`, async () => (await statements()) === 1)
      leave()
      t.equal(await end, 'left', name)
      await until(`${name}: its statement goes on`, async () => (await statements()) === 0)
    }
    const [first, second] = [await readers['own data'](), await readers['own data']()]
    t.equal(await Promise.race([first.end, second.end]), 429, 'one download of each caller')
    first.leave()
    second.leave()
  },
)

t.test('a service that stops says so to whoever waits for an export', { skip: onServerOnly }, async (t) => {
  const service = await startService(t)
  const world = await makeWorld(service, 100)
  const place = await world.pharmacy(1)
  const person = await world.professional(1)
  must(201, await world.count(place, 10))
  must(201, await world.dispense(place, person.id, 1))
  const statements = await slowDown(t, service)
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const reader = await readerOf(t, service, `${url}/v1/audit/dispensations`, 'patient')
  await until('its statement did not start', async () => (await statements()) === 1)
  await service.app.close()
  t.equal(await reader.end, 503)
})

t.test('a copy that nobody wants any more is not begun', { skip: onServerOnly }, async (t) => {
  const { db, drop } = await makeDatabase()
  t.teardown(drop)
  const copied = db.copyOut(sql`select 1`, 'lines', AbortSignal.abort(new Error('gone')))
  await t.rejects(copied, /gone/)
})

/** Makes each row of the ledger take an hour to read. Answers how many exports are being read. */
async function slowDown(t: Test, service: Service, which = `application_name = 'gomask export'`) {
  const { run, end } = await superuser(service)
  t.teardown(end)
  await run('alter table ledger_entries enable row level security')
  await run('create policy slow on ledger_entries using (pg_sleep(3600) is not null)')
  return async (): Promise<number> => {
    const found = await run(
      `select from pg_stat_activity
       where datname = current_database() and ${which} and wait_event = 'PgSleep'`,
    )
    return found.rows.length
  }
}

async function readerOf(t: Test, service: Service, url: string, subject: string) {
  return read(t, url, await service.token({ role: 'regulator', subject, territories: ['FR'] }), 'text/csv')
}

function read(t: Test, url: string, token: string, accept = '*/*') {
  const leaving = new AbortController()
  t.teardown(() => leaving.abort())
  const end = fetch(url, { headers: { authorization: `Bearer ${token}`, accept }, signal: leaving.signal }).then(
    // The head of an answer may come before its first rows.
    async (answer) => answer.text().then(() => answer.status),
    () => 'left',
  )
  return { end: end.catch(() => 'left'), leave: () => leaving.abort() }
}
