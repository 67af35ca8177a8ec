import pg from 'pg'
import t from 'tap'
import { statementOf } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { nearestQuery, nearestWithStock } from '../../src/store/nearest.ts'
import { makeDatabase, serverUrl, withAllRights } from '../support/database.ts'

const skip = serverUrl ? false : 'the plans of the embedded database are not those of a server'
const TOULOUSE = {
  near: { latitude: 43.6045, longitude: 1.444 },
  product: 'surgical',
  quantity: 1,
  maxDistanceMetres: 50_000,
  limit: 20,
}

const ANYWHERE = { maxDistanceMetres: 2_000_000 }

interface Plan {
  nodes: string[]
  buffers: number
}

for (const [stocked, mostBuffers] of [
  [0.5, 700],
  [0.005, 300],
] as const) {
  t.test(`21,000 pharmacies, ${stocked * 100} % with stock`, { skip }, async (t) => {
    const { db, url = '', drop } = await makeDatabase(2)
    const owner = new pg.Client({ connectionString: withAllRights(url) })
    await owner.connect()
    t.teardown(async () => {
      await owner.end()
      await drop()
    })
    await fill(owner, stocked)

    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await t.test(`the search walks outwards on stock_nearest and reads few pages (${mode})`, async (t) => {
        for (const toReserve of [false, true]) {
          const { nodes, buffers } = await planOf(owner, mode, TOULOUSE, toReserve)
          t.ok(nodes.includes('Index Scan on stock_nearest'), nodes.join(', '))
          t.notOk(nodes.some((node) => node.startsWith('Seq Scan')))
          t.ok(buffers <= mostBuffers, `${buffers} buffers`)
        }
      })
    }

    for (const quantity of [400, 1_000, 1_000_000]) {
      await t.test(`${quantity} masks from anywhere cost little more, though few or none have them`, async (t) => {
        const { nodes, buffers } = await planOf(owner, 'force_generic_plan', { ...TOULOUSE, ...ANYWHERE, quantity })
        t.ok(nodes.includes('Index Scan on stock_plenty'), nodes.join(', '))
        t.ok(buffers <= mostBuffers, `${buffers} buffers`)
      })
    }

    await t.test('PostgreSQL plans no search anew, though nobody has reserved the product', async (t) => {
      await owner.query('set plan_cache_mode = auto')
      const { text, values } = statementOf(nearestQuery({ ...TOULOUSE, product: 'ffp2' }, { toReserve: false }))
      for (let search = 0; search < 20; search++) await owner.query({ name: 'nearest', text, values })
      const { rows } = await owner.query(
        `select custom_plans::int as custom from pg_prepared_statements where name = 'nearest'`,
      )
      t.strictSame(rows, [{ custom: 5 }], 'it tries five before it decides')
    })

    await t.test('it finds what a search without any index finds, wherever and whatever is looked for', async (t) => {
      for (const [latitude, longitude] of [
        [43.6045, 1.444],
        [46.5, 2.5],
        [48.0, -6.0],
        [50.1, 7.2],
      ] as const) {
        for (const quantity of [1, 127, 128, 300]) {
          const search = { ...TOULOUSE, near: { latitude, longitude }, quantity, maxDistanceMetres: 400_000 }
          const found = await nearestWithStock(db, search)
          t.strictSame(
            found.map(({ finess, available }) => [finess, available]),
            await bruteForce(owner, search),
            `${quantity} from ${latitude},${longitude}`,
          )
        }
      }
    })
  })
}

/**
 * France from the air: two pharmacies of three in a hundred towns, one of fifty suspended, 30 holds expired unswept.
 */
async function fill(owner: pg.Client, stocked: number): Promise<void> {
  // The journal of 21,000 pharmacies would take ten times as long to write as they do.
  await owner.query('set session_replication_role = replica')
  await owner.query(`insert into products (code, name, kind) values ('surgical', 'a', 'a'), ('ffp2', 'b', 'b')`)
  await owner.query(`
    insert into pharmacies (finess, name, address, location, territory, status)
    select to_char(n, 'FM000000000'), 'P' || n, 'A' || n,
      case when n % 3 = 0 then ST_MakePoint(-1 + ${share('a', 'n')} * 8, 43 + ${share('b', 'n')} * 7)
        else ST_MakePoint(-1 + (n % 101) * 0.08 + (${share('a', 'n')} + ${share('c', 'n')} - 1) * 0.1,
          43 + (n % 97) * 0.07 + (${share('b', 'n')} + ${share('d', 'n')} - 1) * 0.1)
      end::geography, 'FR-31', case when n % 50 = 0 then 'suspended' else 'active' end
    from generate_series(1, 21000) n`)
  await owner.query(
    `insert into stock (pharmacy, product, on_hand, held, version, observed_at, location)
    select p.finess, c.code, case when ${share('e', 'finess || code')} < $1 then 1 + (${share('f', 'finess || code')} * 500)::int else 0 end, 0, 1, now(), p.location
    from pharmacies p, products c`,
    [stocked],
  )
  await owner.query(`
    insert into persons (id, profession, family_name, given_name, status)
    values ('00000000-0000-7000-8000-000000000001', '60', 'a', 'b', 'active')`)
  await owner.query(`
    with held as (
      update stock set on_hand = 20, held = 20
      where product = 'surgical' and pharmacy in (select finess from pharmacies order by md5(finess) limit 330) returning pharmacy
    )
    insert into reservations (id, person_id, pharmacy, product, quantity, pickup_code, status, created_at, expires_at)
    select md5(pharmacy)::uuid, '00000000-0000-7000-8000-000000000001', pharmacy, 'surgical', 20, pharmacy, 'held',
      now() - interval '2 days', now() + case when row_number() over (order by md5(pharmacy)) <= 30
        then interval '-1 minute' else interval '1 day' end
    from held`)
  // Every row is read, by this analysis alone: of more than 300 times the target it would take some by chance.
  await owner.query('alter table stock set (autovacuum_enabled = off)')
  await owner.query('set session_replication_role = origin')
  await owner.query('set default_statistics_target = 150')
  await owner.query('analyze')
}

/** A share from 0 to 1 that looks like chance and follows from a row, in whatever order the rows are made. */
function share(purpose: string, row: string): string {
  return `(('x' || left(md5('${purpose} ' || ${row}), 8))::bit(32)::bigint / 4294967296.0)`
}

/** The plan that the statement runs by, prepared, and the pages that a warm run of it reads. */
async function planOf(owner: pg.Client, mode: string, search = TOULOUSE, toReserve = false): Promise<Plan> {
  const query = statementOf(nearestQuery(search, { toReserve }))
  const literals = query.values.map((value) => pg.escapeLiteral(String(value))).join(', ')
  await owner.query(`set plan_cache_mode = ${mode}`)
  await owner.query(`prepare nearest as ${query.text}`)
  const explain = `explain (analyze, buffers, format json) execute nearest (${literals})`
  await owner.query(explain)
  const { rows } = await owner.query(explain)
  await owner.query('deallocate nearest')
  const root = rows[0]['QUERY PLAN'][0].Plan
  return { nodes: nodesOf(root), buffers: root['Shared Hit Blocks'] + root['Shared Read Blocks'] }
}

interface Node {
  'Node Type': string
  'Index Name'?: string
  'Relation Name'?: string
  Plans?: Node[]
}

function nodesOf(node: Node): string[] {
  const what = node['Index Name'] ?? node['Relation Name']
  return [`${node['Node Type']}${what ? ` on ${what}` : ''}`, ...(node.Plans ?? []).flatMap(nodesOf)]
}

async function bruteForce(owner: pg.Client, search: typeof TOULOUSE): Promise<[string, number][]> {
  const { near, product, quantity, maxDistanceMetres, limit } = search
  const { text, values } = statementOf(sql`
    select finess, available from (
      select p.finess, ST_Distance(p.location, ST_MakePoint(${near.longitude}::float8, ${near.latitude}::float8)::geography) as metres,
        s.on_hand - s.held + (select coalesce(sum(quantity), 0)::int from reservations r where r.pharmacy = s.pharmacy
          and r.product = s.product and r.status = 'held' and r.expires_at <= now()) as available
      from stock s join pharmacies p on p.finess = s.pharmacy where p.status = 'active' and s.product = ${product}
    ) as every where available >= ${quantity} and metres <= ${maxDistanceMetres} order by metres, finess limit ${limit}`)
  const { rows } = await owner.query<{ finess: string; available: number }>(text, values)
  return rows.map(({ finess, available }) => [finess, available])
}
