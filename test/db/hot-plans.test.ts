import t from 'tap'
import { openServerOwner } from '../../src/db/server-owner.ts'
import { sql, texts } from '../../src/db/sql.ts'
import { serverUrl, withAllRights } from '../support/database.ts'
import { startService } from '../support/service.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = serverUrl ? false : 'the plans of the embedded database are not those of a server'
// What is done when the directory or somebody's standing changes.
const SELDOM = ['move_shelves', 'read_standing']
const LARGE = /Seq Scan on (stock|pharmacies|persons|person_identifiers|reservations|ledger_heads)\b/

t.test('no statement of a day’s work reads a whole table', { skip }, async (t) => {
  const service = await startService(t, {}, { connections: 1 })
  const world = await makeWorld(service)
  const [place, nurse] = [await world.pharmacy(1), await world.professional(1)]
  must(201, await world.count(place, 100))
  await fill(withAllRights(String(service.url)))

  const near = `near=${CENTRE.latitude},${CENTRE.longitude}&product=surgical`
  must(200, await service.call('GET', `/v1/pharmacies?${near}`, { token: nurse.token }))
  const held = must(201, await world.reserve(nurse.token, { quantity: 2 })).body
  const reservations = [{ id: held.id, pickupCode: held.pickupCode }]
  const body = dispensationBody(nurse.id, 2, { reservations })
  must(200, await service.call('POST', '/v1/dispensation-checks', { token: place.token, body }))
  const given = must(201, await world.dispense(place, nurse.id, 2, { reservations })).body
  const ask = (method: 'GET' | 'POST', path: string, token: string, body?: object) =>
    service.call(method, path, { token, ...(body && { body, key: true }) })
  must(201, await ask('POST', `/v1/dispensations/${given.id}/reversal`, place.token, { kind: 'entry_error' }))
  const dropped = must(201, await world.reserve(nurse.token, { quantity: 1 })).body
  must(200, await ask('POST', `/v1/reservations/${dropped.id}/cancellation`, nurse.token))
  must(201, await world.reserve(nurse.token, { quantity: 1 }))
  must(201, await world.dispense(place, nurse.id, 10, { releaseHolds: true }))
  must(200, await world.count(place, 50))
  for (const path of ['entitlements/me', 'professionals/me/history', 'reservations', `pharmacies/${place.finess}`]) {
    must(200, await ask('GET', `/v1/${path}`, nurse.token))
  }

  const prepared = await statements(service.db)
  for (const name of ['nearest_as_json', 'lock_heads_by_identifier', 'lock_shelves', 'apply_stock_effects']) {
    t.ok(
      prepared.some((each) => each.name === name),
      `${name} was prepared`,
    )
  }
  for (const { name, parameters } of prepared) {
    const values = Array.from({ length: parameters }, () => 'null').join(', ')
    const plan = await lines(service.db, `explain execute "${name}"${parameters > 0 ? `(${values})` : ''}`)
    t.notMatch(plan.join('\n'), LARGE, name)
  }
})

/** The statements that the service's one connection has prepared; from here on it plans them as for any parameters. */
async function statements(db: Service['db']): Promise<{ name: string; parameters: number }[]> {
  await db.execute(sql`set plan_cache_mode = force_generic_plan`)
  const { rows } = (await db.execute(
    sql`select name, cardinality(parameter_types) as parameters from pg_prepared_statements
        where statement ~* '^[[:space:]]*(with|select|insert|update)' and name <> all (${texts(SELDOM)})`,
  )) as unknown as { rows: { name: string; parameters: number }[] }
  return rows
}

async function lines(db: Service['db'], explain: string): Promise<string[]> {
  const { rows } = (await db.execute(sql.raw(explain))) as unknown as { rows: { 'QUERY PLAN': string }[] }
  return rows.map((row) => row['QUERY PLAN'])
}

/** The id of the row that an expression counts, scattered as random ones are. */
function uuid(kind: number, counted: string): string {
  return `md5('${kind} ' || (${counted}))::uuid`
}

type Service = Awaited<ReturnType<typeof startService>>

/**
 * Enough of everything that reading all of it is the worse plan, as in a small region, and all of it farther than the
 * world's pharmacy.
 */
async function fill(url: string): Promise<void> {
  const owner = await openServerOwner(url)
  // The journal of all these would take most of the time.
  await owner.script(`
    set session_replication_role = replica;
    insert into pharmacies (finess, name, address, location, territory, status)
    select to_char(n, 'FM000000000'), 'P', 'A',
      ST_MakePoint(1 + n * 389 % 2000 / 2000.0, 44 + n * 787 % 2000 / 2000.0)::geography, 'FR-31', 'active'
    from generate_series(1, 2000) n;
    insert into stock (pharmacy, product, on_hand, held, version, observed_at, location)
    select finess, code, 10, 0, 1, now(), location from pharmacies p, products c on conflict do nothing;
    with person as (
      insert into persons (id, profession, family_name, given_name, status)
      select ${uuid(1, 'n')}, '60', 'a', 'b', 'active' from generate_series(1, 4000) n returning id
    ), head as (insert into ledger_heads (person_id) select id from person returning person_id)
    insert into person_identifiers (identifier, person_id)
    select to_char(80000000000 + row_number() over (), 'FM00000000000'), person_id from head;
    insert into reservations (id, person_id, pharmacy, product, quantity, pickup_code, status, created_at, expires_at, ended_at)
    select ${uuid(2, 'n')}, ${uuid(1, 'n')}, to_char(1 + n, 'FM000000000'), 'surgical', 1, 'C' || n,
      'expired', now() - interval '2 days', now() - interval '1 day', now() from generate_series(1, 1900) n;
    insert into reservations (id, person_id, pharmacy, product, quantity, pickup_code, status, created_at, expires_at)
    select ${uuid(3, 'nth * 10 + n')}, ${uuid(1, 'nth')}, to_char(1 + (nth + n) % 2000, 'FM000000000'), 'surgical', 1,
      'H' || nth || '-' || n, 'held', now(), now() + interval '1 day'
    from generate_series(1, 4000) nth, generate_series(1, 6) n;
    analyze`)
  await owner.close()
}
