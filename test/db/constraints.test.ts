import pg from 'pg'
import t from 'tap'
import { driverError } from '../../src/db/failures.ts'
import { onServerOnly } from '../support/database.ts'
import { startService } from '../support/service.ts'
import { superuser } from '../support/superuser.ts'
import { until } from '../support/until.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const world = await makeWorld(service)
const place = await world.pharmacy(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 100, product))
const nurse = await world.professional(1)
const lines = [
  { product: 'surgical', quantity: 4, lot: 'A' },
  { product: 'surgical', quantity: 2 },
  { product: 'ffp2', quantity: 1 },
]
const { id: dispensed } = must(201, await world.dispense(place, nurse.id, 1, { lines })).body

t.test('merged_into names a person that is merged into nobody', async (t) => {
  await putPersons('a', 'b', 'c', 'd')
  await allowed(merging('b', 'a'))
  await refused(t, 'persons_merged_into_root', merging('c', 'b'), 'into one that is merged')
  await refused(t, 'persons_merged_into_root', merging('a', 'c'), 'one that others are merged into')
  await refused(t, 'persons_merged_into_another', merging('c', 'c'), 'into itself')
  await allowed(`update persons set merged_into = ${person('c')} where root_id = ${person('a')}`)
  const { rows } = await service.db.foreign(
    `select id, root_id as root from persons where family_name = 'Bare' order by id`,
  )
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(idOf)
  t.same(rows, [
    { id: a, root: c },
    { id: b, root: c },
    { id: c, root: c },
    { id: d, root: d },
  ])
})

t.test('of two merges at once that would name a merged person the second fails', { skip: onServerOnly }, async (t) => {
  await putPersons('e', 'f', '0')
  await secondFails(t, 'persons_merged_into_root', merging('e', 'f'), merging('f', '0'))
})

t.test('a line of an entry is about the entry’s person', async (t) => {
  await refused(t, 'ledger_lines_person_of_entry', entryWithLine({ person: person('d') }))
  const ofNone = `insert into ledger_lines select gen_random_uuid(), position, person_id, product, quantity, effect, counted_at, lot,
    rule_id, window_start, window_end, time_zone, cap, received, held, beyond_cap from ledger_lines`
  await refused(t, 'ledger_lines_of_entry', ofNone, 'an entry that is not there')
})

t.test('the effect of a line has the sign of its entry’s kind', async (t) => {
  for (const [kind, effect] of [
    ['dispensation', -1],
    ['reversal', 1],
    ['link', 1],
    ['erasure', -1],
  ] as const) {
    await refused(t, 'ledger_lines_effect_of_kind', entryWithLine({ kind, effect }), `${kind} ${effect}`)
  }
})

t.test('no more is taken back than was dispensed of a product and lot', async (t) => {
  const back = (effect: number, product = 'surgical', lot: string | null = 'A') =>
    entryWithLine({ kind: 'reversal', effect, product, lot })
  const beyond = (statement: string, why: string) =>
    refused(t, 'ledger_lines_reversed_within_dispensed', statement, why)
  await beyond(back(-5), 'more than was dispensed')
  await beyond(back(-3, 'surgical', null), 'more than was dispensed without a lot')
  await beyond(back(-1, 'ffp2', 'A'), 'a lot that was not dispensed')
  must(201, await reverse([{ product: 'surgical', quantity: 1 }]))
  await beyond(back(-4), 'more than is left')
  await allowed(back(-2))
  await beyond(back(-2), 'more than is left then')
  await allowed(back(-2, 'surgical', null))
  must(409, await reverse([{ product: 'surgical', quantity: 2 }]))
})

t.test('of two reversals at once that would take back too much the second fails', { skip: onServerOnly }, async (t) => {
  const { id } = must(201, await world.dispense(place, (await world.professional(2)).id, 4)).body
  const back = () => entryWithLine({ of: id, kind: 'reversal', effect: -3, lot: null })
  await secondFails(t, 'ledger_lines_reversed_within_dispensed', back(), back())
})

t.test('no movement occurs before 2020, nor says a day that no mask is good until', async (t) => {
  const movement = (occurredAt: string, bestBefore: string) =>
    `insert into stock_movements (id, pharmacy, product, version, kind, quantity, change, occurred_at, recorded_at, best_before)
     values (gen_random_uuid(), '${place.finess}', 'surgical', 100, 'delivery', 1, 0, '${occurredAt}', clock_timestamp(), '${bestBefore}')`
  await refused(t, 'stock_movements_occurred_since_2020', movement('2019-12-31T23:59:59Z', '2030-01-01'))
  await refused(t, 'stock_movements_best_before_range', movement('2020-01-01T00:00:00Z', '1999-12-31'))
  await refused(t, 'stock_movements_best_before_range', movement('2020-01-01T00:00:00Z', '2100-01-01'))
})

t.test('the paths of territories follow their parents, and no circle comes in', async (t) => {
  const { run, end } = await superuser(service)
  const pathOf = async (code: string) => {
    const { rows } = await run(`select ancestor from territory_paths where territory = '${code}' order by depth`)
    return (rows as { ancestor: string }[]).map(({ ancestor }) => ancestor)
  }
  t.same(await pathOf('FR-31'), ['FR-31', 'FR-OCC', 'FR'])
  await run(`insert into territories values ('X-1', 'Canton', 'department', 'FR-31', 'Europe/Paris')`)
  t.same(await pathOf('X-1'), ['X-1', 'FR-31', 'FR-OCC', 'FR'])
  await run(`update territories set parent = 'FR-BRE' where code = 'FR-31'`)
  t.same(await pathOf('X-1'), ['X-1', 'FR-31', 'FR-BRE', 'FR'])
  const circle = await driverErrorOf(run(`update territories set parent = 'X-1' where code = 'FR-31'`))
  t.equal(circle?.constraint, 'territory_paths_acyclic')
  await run(`delete from territories where code = 'X-1'`)
  t.same(await pathOf('X-1'), [])
  await run(`update territories set parent = 'FR-OCC' where code = 'FR-31'`)
  await end()
})

function reverse(lines: object[]) {
  const body = { kind: 'entry_error', lines }
  return service.call('POST', `/v1/dispensations/${dispensed}/reversal`, { token: place.token, key: true, body })
}

function idOf(letter: string): string {
  return `00000000-0000-7000-8000-00000000000${letter}`
}

function person(letter: string): string {
  return `'${idOf(letter)}'`
}

function merging(one: string, into: string): string {
  return `update persons set merged_into = ${person(into)} where id = ${person(one)}`
}

async function putPersons(...letters: string[]): Promise<void> {
  const rows = letters.map((letter) => `(${person(letter)}, '60', 'Bare', 'Camille', 'active')`)
  await allowed(`insert into persons (id, profession, family_name, given_name, status) values ${rows.join()}`)
}

let seq = 100

/** An entry like the hand-over's, or another's, with one line; its hashes are no real ones. */
function entryWithLine({
  of = dispensed,
  kind = 'dispensation',
  person = 'entry.person_id',
  product = 'surgical',
  lot = 'A' as string | null,
  effect = 1,
}): string {
  const isSomewhere = kind === 'dispensation' || kind === 'reversal'
  return `with entry as (
      insert into ledger_entries (id, person_id, seq, kind, previous_hash, entry_hash, canonical, recorded_at, occurred_at,
        pharmacy, flags, reverses)
      select gen_random_uuid(), person_id, ${seq++}, '${kind}', entry_hash, entry_hash, '', recorded_at, occurred_at,
        ${isSomewhere ? 'pharmacy' : 'null'}, '{}', ${kind === 'reversal' ? 'id' : 'null'}
      from ledger_entries where id = '${of}' returning id, person_id
    )
    insert into ledger_lines
    select entry.id, 0, ${person}, '${product}', ${Math.abs(effect)}, ${effect}, counted_at, ${lot && `'${lot}'`}, rule_id,
      window_start, window_end, time_zone, cap, 0, 0, true
    from entry, ledger_lines l where l.entry_id = '${of}' and l.position = 0`
}

async function allowed(statement: string): Promise<void> {
  await service.db.foreign(statement)
}

/** Refused to the service, and to the tables' owner. */
async function refused(t: Tap, constraint: string, statement: string, why = ''): Promise<void> {
  t.match(await driverErrorOf(service.db.foreign(statement)), { code: /^23/, constraint }, `the service: ${why}`)
  const { run, end } = await superuser(service)
  t.match(await driverErrorOf(run(statement)), { code: /^23/, constraint }, `the owner: ${why}`)
  await end()
}

/** The second waits for the first one's commit, and then finds what it did. */
async function secondFails(t: Tap, constraint: string, first: string, second: string): Promise<void> {
  const [one, other] = [new pg.Client(service.url), new pg.Client(service.url)]
  try {
    for (const client of [one, other]) await client.connect()
    await one.query('begin')
    await one.query(first)
    const failure = driverErrorOf(other.query(second))
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await until('the second does not wait', async () => (await one.query(waiting)).rows.length > 0)
    await one.query('commit')
    t.match(await failure, { code: /^23/, constraint })
  } finally {
    for (const client of [one, other]) await client.end()
  }
}

async function driverErrorOf(statement: Promise<unknown>): Promise<ReturnType<typeof driverError>> {
  return statement.then(() => undefined, driverError)
}

type Tap = Pick<typeof t, 'match'>
