import pg from 'pg'
import t from 'tap'
import type { Queryable } from '../../src/db/database.ts'
import { statementOf } from '../../src/db/query.ts'
import { connectionWith, RELIED_ON } from '../../src/db/settings.ts'
import { sql, timestamp } from '../../src/db/sql.ts'
import { listAccesses } from '../../src/features/accesses/queries.ts'
import { findAnomalies } from '../../src/features/audit/find-anomalies.ts'
import { listEntries } from '../../src/features/audit/list-entries.ts'
import { listRefusals } from '../../src/features/refusals/queries.ts'
import type { Caller } from '../../src/http/caller.ts'
import { personInRemit, pharmacyInRemit } from '../../src/store/remit.ts'
import { type Selection, selected } from '../../src/store/selection.ts'
import { loadSet, prepare } from '../bench/set/load.ts'
import { makeServerDatabase, serverUrl } from '../support/database.ts'

const skip = serverUrl ? false : 'the plans of the embedded database are not those of a server'
const ENTRIES = 10_000
const PAGE = 21
const FEW_PAGES = 400 // A walk of 10,000 entries or 10,000 refusals reads thousands.
const FEW_JUDGED = 4_000 // Each access of a page is judged, by all that its person received. A walk judges 10,000.
const HERE = ['FR-48'] // Nobody practises there in the set; three hand-overs long ago were there.
const REGION = ['FR-31', 'FR-34', 'FR-48']

t.test('a regulator’s lists', { skip }, async (t) => {
  const { url, drop } = await makeServerDatabase(serverUrl ?? '')
  t.teardown(drop)
  await prepare(url)
  await loadSet(url, { pharmacies: 200, persons: 400, entries: ENTRIES })
  const client = new pg.Client(connectionWith(url, { ...RELIED_ON, jit: 'off' }))
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`
    set session_replication_role = replica;
    update ledger_entries set pharmacy_territory = 'FR-31', practice_territory = 'FR-31' where 'FR-48' in (pharmacy_territory, practice_territory);
    update ledger_entries set pharmacy_territory = 'FR-48' where id in (select id from ledger_entries order by id limit 3);
    update ledger_entries set flags = '{override}' where id in (select id from ledger_entries order by id limit 300);
    insert into refusals (id, at, verb, code, person_id, profession, practice_territory, pharmacy, pharmacy_territory, facts)
    select id, occurred_at, 'dispensation', 'entitlement_exceeded', person_id, profession, practice_territory, pharmacy,
      pharmacy_territory, '{}' from ledger_entries;
    insert into accesses (id, at, kind, person_id, reader_role, reader, pharmacy, outcome)
    select id, occurred_at, 'dispensation_check', person_id, 'pharmacy', 'till', pharmacy, 'allow' from ledger_entries;
    insert into accesses (id, at, kind, person_ids, reader_role, reader, pharmacy, outcome)
    select gen_random_uuid(), occurred_at, 'reservation', array[person_id], 'pharmacy', 'till', pharmacy, 'shown'
    from ledger_entries order by id limit 500;
    insert into accesses (id, at, kind, person_ids, reader_role, reader, outcome)
    select gen_random_uuid(), occurred_at, reading, array[person_id], 'regulator', reader, 'shown'
    from (select * from ledger_entries order by id desc limit 20) as e, unnest('{accesses,audit}'::text[]) as reading,
      unnest('{ars,another}'::text[]) as reader;
    update pharmacies set territory = 'FR-48' where finess in (select pharmacy from ledger_entries order by id limit 2);
    update ledger_entries set kind = 'link', pharmacy = null, practice_territory = 'FR-48', pharmacy_territory = null
    where id in (select id from ledger_entries order by id desc limit 1)`)
  await client.query('vacuum analyze')
  const run: Queryable = { execute: (query) => client.query(statementOf(query)) }

  const narrowings: Record<string, Partial<Selection>> = {
    nothing: {},
    'a time': { from: '2026-01-01T00:00:00Z' },
    'a profession': { profession: '60' },
    'a product': { product: 'ffp2' },
    'a product that nobody received': { product: 'none' },
    'a flag': { flag: 'override' },
    'a territory of theirs': { territories: ['FR-48'] },
    'a territory of others': { territories: ['FR-13'] },
  }
  for (const [title, narrowing] of Object.entries(narrowings)) {
    await t.test(`of few entries, narrowed by ${title}, read few pages`, async (t) => {
      const buffers = await buffersOf(client, (db) => listEntries(db, { remit: HERE, ...narrowing }, null, PAGE))
      t.ok(buffers < FEW_PAGES, `${buffers} buffers`)
    })

    await t.test(`show what a walk finds, narrowed by ${title}`, async (t) => {
      const country = (await client.query('select code from territories')).rows.map(({ code }) => code)
      for (const remit of [HERE, REGION, country]) {
        const selection = { remit, ...narrowing }
        const { rows } = await run.execute(
          sql`select e.id from ledger_entries e where ${selected(selection)} order by e.occurred_at desc, e.id desc limit 50`,
        )
        t.strictSame(
          await everyPage(async (before, limit) =>
            (await listEntries(run, selection, before, limit)).map(({ id, occurredAt: at }) => ({ id, at })),
          ),
          rows.map(({ id }) => id),
        )
      }
    })
  }

  await t.test('of anomalies among few entries read few pages', async (t) => {
    const search = { remit: HERE, professions: [], from: 0, to: Date.parse('2100-01-01') }
    for (const kind of ['overrides', 'late_share', 'very_late_share', 'offline_batch'] as const) {
      const buffers = await buffersOf(client, (db) => findAnomalies(db, kind, search, null, PAGE))
      t.ok(buffers < FEW_PAGES, `${kind}: ${buffers} buffers`)
    }
  })

  await t.test('of few refusals read few pages, and show them all', async (t) => {
    const regulator = { territories: HERE, professions: [] }
    const page = { before: null, limit: PAGE }
    t.equal((await listRefusals(run, regulator, page)).length, 3)
    const buffers = await buffersOf(client, (db) => listRefusals(db, regulator, page))
    t.ok(buffers < FEW_PAGES, `${buffers} buffers`)
  })

  const all = { personId: undefined, reader: undefined, kind: undefined }
  const asked: Record<string, Partial<Parameters<typeof listAccesses>[2]>> = {
    'of any kind': {},
    'of checks': { kind: 'dispensation_check' },
    'of a rarer kind': { kind: 'reservation' },
    'of readings of this list': { kind: 'accesses' },
    'of a kind that nobody has': { kind: 'erasure' },
    'within a time': { from: Date.parse('2026-01-01'), to: Date.parse('2100-01-01') },
  }
  for (const [title, narrowing] of Object.entries(asked)) {
    await t.test(`of accesses to few people ${title} read few pages`, async (t) => {
      const filter = { ...all, ...narrowing, before: null, limit: PAGE }
      const buffers = await buffersOf(client, (db) => listAccesses(db, ars(HERE), filter))
      t.ok(buffers < FEW_JUDGED, `${buffers} buffers`)
    })

    await t.test(`of accesses ${title} show what a walk finds`, async (t) => {
      const country = (await client.query('select code from territories')).rows.map(({ code }) => code)
      for (const [territories, ...professions] of [[HERE], [HERE, '10'], [REGION], [country]] as const) {
        const regulator = { ...ars(territories), professions }
        const { from = 0, to = Date.parse('2100-01-01'), kind = null } = narrowing
        const { rows } = await run.execute(sql`
          select a.id from accesses a
          where ((a.reader_role, a.reader) = ('regulator', 'ars') or ${personInRemit(sql`a.person_id`, regulator)}
              or a.person_ids is not null and ${pharmacyInRemit(sql`a.pharmacy`, regulator)})
            and a.kind = coalesce(${kind}, a.kind) and (a.kind <> 'accesses' or a.person_ids is null or ${kind}::text is not null)
            and a.at >= ${timestamp(from)} and a.at < ${timestamp(to)} order by a.at desc, a.id desc limit 50`)
        const pages = await everyPage((before, limit) =>
          listAccesses(run, regulator, { ...all, ...narrowing, before, limit }),
        )
        t.strictSame(
          pages,
          rows.map(({ id }) => id),
          `${territories.length} territories`,
        )
      }
    })
  }
})

const ars = (territories: string[]): Caller => ({
  ...{ issuer: 'state', subject: 'ars', role: 'regulator', finess: [], suspended: [], territories, professions: [] },
})

/** The first fifty items of a list, as pages of seven lead through them. */
async function everyPage(
  list: (before: { at: number; id: string } | null, limit: number) => Promise<{ at: number; id: string }[]>,
): Promise<string[]> {
  const seen: string[] = []
  for (let before: { at: number; id: string } | null = null; seen.length < 50; ) {
    const page = await list(before, 7)
    seen.push(...page.map(({ id }) => id))
    const last = page.at(-1)
    if (page.length < 7 || last === undefined) break
    before = { at: last.at, id: last.id }
  }
  return seen.slice(0, 50)
}

/** How many pages the statements of a list read, planned as the service plans it. */
async function buffersOf(client: pg.Client, list: (db: Queryable) => Promise<unknown>): Promise<number> {
  let buffers = 0
  await list({
    async execute(query, name) {
      const { text, values } = statementOf(query)
      if (name !== undefined) return client.query(text, values)
      const { rows } = await client.query(`explain (analyze, buffers, format json) ${text}`, values)
      const [{ Plan }] = rows[0]['QUERY PLAN']
      buffers += Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks']
      return client.query(text, values)
    },
  })
  return buffers
}
