import pg from 'pg'
import t from 'tap'
import { driverError } from '../../src/db/failures.ts'
import { openServer } from '../../src/db/server.ts'
import { makeServerDatabase, onServerOnly, PATIENT, serverUrl } from '../support/database.ts'
import { addressFor, asAdministrator, makeMigrated } from '../support/logins.ts'
import { startBeside, startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

/** What somebody tries who has the service's login: to alter the ledger, to blind what guards it, or to become more. */
const ATTACKS = {
  'switches the triggers off': [
    'alter table ledger_entries disable trigger all',
    'alter table ledger_payloads disable trigger ledger_payloads_never_edited',
    'set session_replication_role = replica',
    `select set_config('session_replication_role', 'replica', false)`,
    'drop trigger ledger_entries_append_only on ledger_entries',
    'alter table ledger_lines drop constraint ledger_lines_within_cap',
  ],
  'alters the history': [
    'update ledger_entries set seq = seq',
    'delete from ledger_entries',
    'truncate ledger_entries cascade',
    'update ledger_lines set quantity = 1',
    'update ledger_payloads set payload = payload',
    'delete from ledger_payloads',
    'update accesses set reader = reader',
    'delete from accesses',
    'select forget_accesses(0, 1000)',
    'delete from refusals',
    'update allocation_rules set cap = 1000000',
    'update person_identifiers set person_id = person_id',
    'update log_state set size = 0',
    'delete from log_leaves',
    'delete from schema_migrations',
  ],
  'puts something in the place of ours': [
    'drop table ledger_lines',
    'alter table accesses rename to accesses_of_old',
    `create or replace function refuse_change() returns trigger language plpgsql as 'begin return old; end'`,
    'alter function refuse_change() owner to current_user',
    'drop function refuse_change() cascade',
    `create function public.sha256(bytea) returns bytea language sql as 'select $1'`,
    'create table public.mine ()',
    'create schema mine',
    'create temporary table ledger_entries ()',
    'create trigger mine before insert on ledger_entries for each row execute function refuse_change()',
    'create rule mine as on insert to ledger_entries do instead nothing',
    'create policy mine on ledger_entries',
    'create index on ledger_entries (canonical)',
    'create extension pgcrypto',
  ],
  'becomes somebody else, or reaches out of the database': [
    'set role gomask_test_owner',
    'set session authorization gomask_test_owner',
    'reset role; set role gomask_test_owner',
    'alter role gomask_test_service superuser',
    'grant gomask_test_owner to gomask_test_service',
    'grant truncate on ledger_entries to gomask_app; truncate ledger_entries cascade',
    'reassign owned by gomask_test_owner to gomask_test_service',
    `alter database postgres set session_replication_role = replica`,
    `copy ledger_entries to '/tmp/entries'`,
    `copy products (name) from program 'id'`,
    `select pg_read_file('postgresql.conf')`,
    `select lo_import('/etc/passwd')`,
    'select * from pg_authid',
    'select pg_reload_conf()',
    'checkpoint',
  ],
}

t.test('whoever takes over the service’s connection to the database', { skip: onServerOnly }, async (t) => {
  // Migrated where it is, as a copy leaves the database's own privileges behind.
  const { url, drop } = await makeServerDatabase(serverUrl ?? '')
  t.teardown(drop)
  await makeMigrated(url)
  const address = addressFor('gomask_test_service', url)
  const other = await startService(t)
  const db = openServer(address, { connections: 5, timeouts: PATIENT, onError: () => {} })
  t.teardown(() => db.close())
  const service = await startBeside(t, { ...other, db, url: address })
  const world = await makeWorld(service)
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 100))
  must(201, await world.dispense(place, nurse.id, 4))
  must(409, await world.dispense(place, nurse.id, 99))
  const history = () =>
    asAdministrator(url, async (admin) => {
      const tables = ['ledger_entries', 'ledger_lines', 'ledger_payloads', 'accesses', 'refusals', 'allocation_rules']
      const found = []
      for (const table of tables) found.push((await admin.query(`select * from ${table} order by 1`)).rows)
      return found
    })
  const before = await history()
  const taken = new pg.Client({ connectionString: address })
  await taken.connect()
  t.teardown(() => taken.end())

  for (const [what, statements] of Object.entries(ATTACKS)) {
    await t.test(`is refused each time that it ${what}`, async (t) => {
      for (const statement of statements) {
        const failure = await taken.query(statement).then(() => undefined, driverError)
        t.match(failure, { code: '42501' }, statement)
      }
    })
  }

  await t.test('is refused when a table of its own claims an erasure', async (t) => {
    // As on a server whose administrator kept what everybody may do by default.
    await asAdministrator(url, (admin) =>
      admin.query(`do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$`),
    )
    await taken.query(`create temporary table ledger_entries as
      select gen_random_uuid() as id, person_id, 'erasure' as kind, 1000 as seq from public.ledger_entries
      union all select id, person_id, kind, seq from public.ledger_entries`)
    const failure = await taken.query('delete from ledger_payloads').then(() => undefined, driverError)
    t.match(failure, { code: '42501', message: /without an erasure is refused/ })
  })

  t.same(await history(), before, 'all is as it was')
})
