import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { logEvents } from '../../../src/store/event-log.ts'
import { raiseDoubts } from '../../../src/store/identity-doubts.ts'
import { makePeople, ZEPHIRINE } from '../../support/own-data.ts'
import { startService } from '../../support/service.ts'
import { tablesNaming } from '../../support/traces.ts'
import { must } from '../../support/world.ts'

/** Where a person's row shows in the export: the list, or why it is left out. */
const decided: Record<string, { list: string } | { leftOut: string }> = {
  'accesses.person_id': { list: 'accesses' },
  'accesses.person_ids': { list: 'accesses' },
  'counted_together.person_id': {
    leftOut: 'what a doubt that is undecided means for the share, as the list of doubts says',
  },
  'refusals.person_id': { list: 'refusals' },
  'event_log.person_id': { leftOut: 'what happened to reservations and entries, which are there' },
  'ledger_entries.person_id': { list: 'entries' },
  'ledger_heads.person_id': { leftOut: 'the number and hash of the newest entry, which is there' },
  'ledger_lines.person_id': { list: 'entries' },
  'ledger_payloads.professional': { list: 'entries' },
  'person_identifiers.identifier': { list: 'records' },
  'person_identifiers.person_id': { list: 'records' },
  'persons.merged_into': { list: 'records' },
  'persons.root_id': { leftOut: 'the record itself, or what it was merged into, which is there' },
  'reservations.person_id': { list: 'reservations' },
}
/** Tables that name persons in other columns. */
const beside: Record<string, { list: string } | { leftOut: string }> = {
  persons: { list: 'records' },
  events: { leftOut: 'what happened to reservations and entries, which are there' },
  identity_doubts: { list: 'doubts' },
  admin_acts: {
    leftOut: 'who changed the directory’s record, by surrogate; what it says is there, and regulators read it',
  },
  idempotency_keys: { leftOut: 'answers kept for retries: copies of entries, reservations and the directory’s record' },
}

const service = await startService(t)
const { db } = service
const { nurse, numbers, world } = await makePeople(service)
// One event is not in the log yet.
await logEvents(db)
must(201, await world.reserve(nurse.token, { quantity: 1 }))
await raiseDoubts(db, [nurse.id, (await world.professional(3)).id], 'an issuer')
const { body } = must(200, await service.call('GET', '/v1/professionals/me/data', { token: nurse.token }))
const persons = body.records.map(({ person }: { person: string }) => person) as string[]

t.test('every column that names a person is in the export, or left out for a reason', async (t) => {
  const columns = await rows<{ name: string }>(
    db,
    'columns_of_persons',
    sql`select table_name || '.' || column_name as name from information_schema.columns
        where table_schema = 'public' and (column_name ~ 'person|professional|identifier|rpps|adeli' or column_name in ('merged_into', 'root_id'))
        order by name`,
  )
  t.same(
    columns.map(({ name }) => name),
    Object.keys(decided).sort(),
  )
})

t.test('every table with a trace of the person is one of these', async (t) => {
  const known = [...Object.keys(decided).map((column) => column.split('.')[0] ?? ''), ...Object.keys(beside)]
  const traces = [...persons, ...numbers, ...Object.values(ZEPHIRINE), '43.612345']
  t.same(await tablesNaming(db, traces), [...new Set(known)].sort())
})

t.test('every row of the person is in the list that its table goes to', async (t) => {
  const count = async (statement: string) =>
    ((await db.foreign(statement, [persons])).rows as { count: number }[])[0]?.count
  const counts = {
    records: 'select count(*)::int from persons where id = any ($1::uuid[])',
    entries: 'select count(*)::int from ledger_entries where person_id = any ($1::uuid[])',
    reservations: 'select count(*)::int from reservations where person_id = any ($1::uuid[])',
    doubts: 'select count(*)::int from identity_doubts where one_id = any ($1::uuid[]) or other_id = any ($1::uuid[])',
    refusals: 'select count(*)::int from refusals where person_id = any ($1::uuid[])',
    accesses: `select (select count(*) from accesses where person_id = any ($1::uuid[]) or person_ids && $1::uuid[])::int
      + (select count(*) from refusals where person_id = any ($1::uuid[]))::int as count`,
  }
  for (const [list, statement] of Object.entries(counts)) t.equal(body[list].length, await count(statement), list)
  const lines = body.entries.flatMap(({ lines }: { lines: object[] }) => lines)
  t.equal(lines.length, await count('select count(*)::int from ledger_lines where person_id = any ($1::uuid[])'))
  const payloads = body.entries.filter(({ payload }: { payload: string | null }) => payload !== null)
  t.equal(
    payloads.length,
    await count(`select count(*)::int from ledger_payloads p join ledger_entries e on e.id = p.entry_id
      where e.person_id = any ($1::uuid[])`),
  )
  t.same(
    body.records.flatMap((record: { numbers: string[] }) => record.numbers),
    numbers,
  )
})
