import { sql } from 'drizzle-orm'
import pg from 'pg'
import t from 'tap'
import { driverError } from '../../src/db/failures.ts'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

const REFUSED = '42501' // insufficient_privilege

/** What nobody may do. Erasing a person, for which payloads stand apart, is for whoever administers the database. */
const forNobody = [
  'update ledger_entries set seq = seq',
  'delete from ledger_entries',
  'truncate ledger_entries cascade',
  'update ledger_lines set quantity = quantity',
  'delete from ledger_lines',
  'truncate ledger_lines',
  'update ledger_payloads set professional = professional',
  'truncate ledger_payloads',
  'update decisions set code = code',
  'delete from decisions',
  'truncate decisions',
]
const forTheService = [
  'delete from ledger_payloads',
  'delete from ledger_heads',
  'alter table ledger_entries disable trigger all',
  'drop trigger ledger_entries_append_only on ledger_entries',
  'drop table ledger_lines',
  'delete from accesses',
  'update accesses set kind = kind',
]

t.test('the ledger is append-only', async (t) => {
  const service = await startService(t)
  const world = await makeWorld(service)
  const place = await world.pharmacy(1)
  const { id } = await world.professional(1)
  must(201, await world.count(place, 100))
  must(201, await world.dispense(place, id, 4))
  must(409, await world.dispense(place, id, 99))
  const ledger = async () =>
    (await service.db.foreign('select * from ledger_entries join ledger_lines on id = entry_id')).rows
  const before = await ledger()
  t.equal(before.length, 1)

  await t.test('for the service, by its privileges', async (t) => {
    for (const statement of [...forNobody, ...forTheService]) {
      const failure = await failureOf(service.db.orm.execute(sql.raw(statement)))
      t.match(failure, { code: REFUSED, message: /^(permission denied|must be owner)/ }, statement)
    }
  })

  await t.test('for a superuser, by its triggers', async (t) => {
    const { run, end } = await superuser(service)
    const [who] = (await run('select rolsuper from pg_roles where rolname = current_user')).rows
    t.same(who, { rolsuper: true })
    for (const statement of forNobody) {
      t.match(await failureOf(run(statement)), { code: REFUSED, message: /^the ledger is append-only/ }, statement)
    }
    await end()
  })

  t.same(await ledger(), before, 'it is as it was')
})

/** The database with all rights: the embedded one has one connection, which takes them back for a while. */
async function superuser({ url, db }: Pick<Awaited<ReturnType<typeof startService>>, 'url' | 'db'>) {
  if (url === undefined) {
    await db.foreign('reset role')
    return { run: (statement: string) => db.foreign(statement), end: () => db.foreign('set role gomask_app') }
  }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return { run: (statement: string) => client.query(statement), end: () => client.end() }
}

async function failureOf(statement: Promise<unknown>): Promise<ReturnType<typeof driverError>> {
  try {
    await statement
    return undefined
  } catch (error) {
    return driverError(error)
  }
}
