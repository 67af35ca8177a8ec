import t from 'tap'
import { makeDatabase } from '../support/database.ts'

// Written by hand, so that a privilege too many is noticed here, and one too few before a release. What is only ever
// added to has neither update nor delete: an erasure alone deletes payloads, numbers and answers, and a trigger holds
// the payloads to it. What a migration adds gets a line of its own.
const PROMISED = `
  accesses: insert, select
  admin_act_places: select
  admin_acts: select
  allocation_rules: insert, select, update (withdrawn_at)
  audit_totals: insert, select, update
  audit_totals_by_pharmacy: insert, select, update
  client_assertions: delete, insert, select, update (forget_at)
  client_grants: insert, select, update
  client_requests: insert, select, update (confirmed), update (ended_at), update (ended_by), update (secret)
  client_secrets: delete, insert, select
  clients: insert, select, update
  consents: insert, select, update (answered_at), update (answered_by), update (outcome)
  counted_together: select
  event_log: select
  event_log_state: select
  events: insert, select
  idempotency_keys: delete, insert, select, update (request_hash), update (response)
  identity_doubts: insert, select, update (decision), update (reason)
  ledger_entries: insert, select
  ledger_heads: insert, select, update
  ledger_lines: insert, select
  ledger_payloads: delete, insert, select
  log_checkpoints: insert, select
  log_keys: insert, select
  log_leaves: insert, select
  log_pending: delete, insert, select
  log_records: insert, select
  log_state: select, update
  log_tiles: insert, select, update
  person_identifiers: delete, insert, select
  persons: insert, select, update
  pharmacies: insert, select, update
  pickup_code_tries: delete, insert, select
  processes: delete, insert, select, update
  product_packs: delete, insert, select
  products: insert, select, update
  refusals: insert, select
  request_counts: delete, insert, select, update
  reservations: insert, select, update
  revoked_tokens: delete, insert, select
  rules_told: insert, select
  schema_migrations: select
  standing: select, update
  stock: insert, select, update
  stock_movements: insert, select
  territories: select
  territory_paths: select
  webhook_deliveries: delete, insert, select
  webhook_endpoints: delete, insert, select, update
  webhook_lanes: delete, insert, select, update
  webhook_redeliveries: delete, insert, select
  webhook_secrets: delete, insert, select, update
`

/** Functions that name no table, so that no search path can mislead them. */
const NAMELESS = [
  'refuse_change',
  'refuse_change_for_a_year',
  'refuse_unless_grown',
  'stock_magnitude',
  'unchanged_or_fail',
]

const { db, drop } = await makeDatabase(1)
t.teardown(drop)

async function lines(statement: string): Promise<string[]> {
  const { rows } = await db.foreign(statement)
  return (rows as { line: string }[]).map(({ line }) => line)
}

// Effective ones, whether they come from a grant to the role itself or to everybody.
const onTables = (where: string) => `
  select c.relname || ': ' || string_agg(distinct lower(may), ', ' order by lower(may)) as line
  from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral (
    select p as may from unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p
    where has_table_privilege('gomask_app', c.oid, p)
    union all select format('%s (%s)', p, a.attname) from unnest('{INSERT,UPDATE,REFERENCES}'::text[]) p, pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and not has_table_privilege('gomask_app', c.oid, p)
      and has_column_privilege('gomask_app', c.oid, a.attnum, p)) privileges
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${where}
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
  group by c.relname order by c.relname collate "C"`

t.test('the service may do with each table what is written down here, and nothing else', async (t) => {
  t.same(await lines(onTables("n.nspname = 'public'")), PROMISED.trim().split(/\s*\n\s*/))
})

t.test('it reads and writes the job queue’s rows, and changes nothing else of the queue', async (t) => {
  const found = await lines(onTables("n.nspname = 'pgboss'"))
  t.ok(found.length > 5)
  t.same(
    found.filter((line) => !line.endsWith(': delete, insert, select, update')),
    [],
  )
})

t.test('it makes nothing: no schema, no object in one, no sequence’s next number', async (t) => {
  const made = `
    select nspname as line from pg_namespace where has_schema_privilege('gomask_app', oid, 'create')
    union all select 'a schema' where has_database_privilege('gomask_app', current_database(), 'create')
    union all select relname from pg_class
    where case when relkind = 'S' then has_sequence_privilege('gomask_app', oid, 'usage, update') end`
  t.same(await lines(made), [])
})

t.test('it is nobody else, and nobody logs in as it', async (t) => {
  const others = `select rolname as line from pg_roles
    where rolname <> 'gomask_app' and pg_has_role('gomask_app', oid, 'member')`
  t.same(await lines(others), [])
  const attributes = `select concat_ws(' ', rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls) as line
    from pg_roles where rolname = 'gomask_app'`
  t.same(await lines(attributes), ['f f f f f f'])
})

t.test('a function that names a table finds ours, whatever the session’s search path', async (t) => {
  const functions = `
    select f.proname || coalesce(': ' || array_to_string(f.proconfig, ' '), '') as line
    from pg_proc f where f.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend d where d.objid = f.oid and d.deptype = 'e') order by f.proname`
  const loose = (await lines(functions)).filter((line) => !line.endsWith(': search_path=public, pg_temp'))
  t.same(loose, NAMELESS)
})

t.test('with its owner’s rights only those functions run that check what they are asked', async (t) => {
  const definers = `
    select f.proname || case when has_function_privilege('public', f.oid, 'execute') then ' for anybody' else '' end as line
    from pg_proc f join pg_namespace n on n.oid = f.pronamespace
    where f.prosecdef and n.nspname in ('public', 'pgboss')
      and not exists (select from pg_depend d where d.objid = f.oid and d.deptype = 'e') order by f.proname`
  // Those for anybody are triggers', which nobody can call.
  const checked = [
    'find_room',
    'forget_accesses',
    'forget_events',
    'forget_refusals',
    'forget_reservations',
    'log_events',
  ]
  const ofTriggers = [
    'doubts_change_counting for anybody',
    'journal_act for anybody',
    'merges_decide_doubts for anybody',
    'require_reversed_within_dispensed for anybody',
  ]
  t.same(await lines(definers), [...checked, ...ofTriggers].sort())
})
