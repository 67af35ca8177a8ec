import t from 'tap'
import { exportBundle, verify } from '../support/bundle.ts'
import { makeHistory } from '../support/history.ts'
import { startService } from '../support/service.ts'
import { superuser, tamper } from '../support/superuser.ts'

const service = await startService(t)
const { early, newest } = await makeHistory(service)
// Who may do all the rest may take the constraints away first.
await tamper(
  service,
  `do $$ declare each record; begin
    for each in select conrelid::regclass as owner, conname from pg_constraint
      where contype in ('c', 'u') and conrelid::regclass::text ~ '^ledger_' loop
      execute format('alter table %s drop constraint %I', each.owner, each.conname);
    end loop;
  end $$`,
)

/** What the verifier says of a bundle that is exported after some statements of a superuser, which are undone again. */
async function verdictAfter(...statements: string[]): Promise<unknown> {
  const tables = [
    'ledger_entries',
    'ledger_lines',
    'ledger_payloads',
    'log_leaves',
    'log_tiles',
    'log_checkpoints',
    'log_state',
  ]
  const copies = tables.map((table) => `create table kept_${table} as select * from ${table}`)
  await tamper(service, ...copies, ...statements)
  try {
    return verify(await exportBundle(service), { checkpoints: [{ name: 'kept.txt', note: newest }] })
  } finally {
    for (const table of tables) {
      await tamper(
        service,
        `delete from ${table}`,
        `insert into ${table} select * from kept_${table}`,
        `drop table kept_${table}`,
      )
    }
  }
}

/** The entry with an index, as a condition over a table's column. */
const at = (index: number, column = 'id') => `${column} = (select entry_id from log_leaves where index = ${index})`
const ID = "'0197a000-0000-7000-8000-000000000000'"

// Every column of entries, lines and payloads that repeats what was sealed, with the entry to edit and the field named.
const edits: [string, number, string, string][] = [
  ['ledger_entries', 2, `person_id = ${ID}`, 'personId'],
  ['ledger_entries', 3, 'seq = 7', 'seq'],
  ['ledger_entries', 9, "recorded_at = recorded_at - interval '1 ms'", 'recordedAt'],
  ['ledger_entries', 8, "kind = 'dispensation'", 'kind'],
  ['ledger_entries', 5, "previous_hash = sha256('x')", 'previousHash'],
  ['ledger_entries', 4, "entry_hash = sha256('x')", 'entryHash'],
  ['ledger_entries', 1, "occurred_at = occurred_at + interval '1 week'", 'occurredAt'],
  ['ledger_entries', 1, "occurred_at = 'infinity'", 'occurredAt'],
  ['ledger_entries', 1, "occurred_at = occurred_at - interval '4051 years'", 'occurredAt'],
  ['ledger_entries', 2, "pharmacy = '319000014'", 'pharmacy'],
  ['ledger_entries', 6, "profession = '10'", 'profession'],
  ['ledger_entries', 6, "practice_territory = 'FR-75'", 'practiceTerritory'],
  ['ledger_entries', 6, 'pharmacy_territory = null', 'pharmacyTerritory'],
  ['ledger_entries', 4, "flags = '{}'", 'flags[0]'],
  ['ledger_entries', 5, `reverses = ${ID}`, 'reverses'],
  ['ledger_lines', 1, 'position = 3', 'lines[0].position'],
  ['ledger_lines', 1, `person_id = ${ID}`, 'lines[0].personId'],
  ['ledger_lines', 1, "product = 'ffp2'", 'lines[0].product'],
  ['ledger_lines', 1, 'quantity = 90', 'lines[0].quantity'],
  ['ledger_lines', 5, 'effect = 4', 'lines[0].effect'],
  ['ledger_lines', 5, "counted_at = counted_at - interval '1 week'", 'lines[0].countedAt'],
  ['ledger_lines', 6, "lot = 'LOT-9'", 'lines[0].lot'],
  ['ledger_lines', 6, `rule_id = ${ID}`, 'lines[0].ruleId'],
  ['ledger_lines', 6, "window_start = window_start + interval '1 hour'", 'lines[0].windowStart'],
  ['ledger_lines', 6, 'window_end = null', 'lines[0].windowEnd'],
  ['ledger_lines', 6, "time_zone = 'UTC'", 'lines[0].timeZone'],
]

t.test('a column edited by a superuser is found, and entry and field are named', async (t) => {
  for (const [table, index, change, field] of edits) {
    const found = await verdictAfter(
      `update ${table} set ${change} where ${at(index, table === 'ledger_entries' ? 'id' : 'entry_id')}`,
    )
    const start = `entry ${index}: the stored columns differ from the sealed bytes (${field}: `
    t.ok(String(found).startsWith(start), `${table} ${change}: ${found}`)
  }
  for (const edit of ['cap = cap + 1', 'received = received + 1', 'held = held + 1']) {
    const verdict = await verdictAfter(`update ledger_lines set ${edit} where ${at(1, 'entry_id')}`)
    t.match(verdict, `entry 1: the stored columns differ from the payload (lines[0].${edit.split(' ')[0]}: `)
  }
  const edited = await verdictAfter(`update ledger_lines set quantity = 90 where ${at(1, 'entry_id')}`)
  t.equal(edited, 'entry 1: the stored columns differ from the sealed bytes (lines[0].quantity: 90 stored, 4 sealed)')
  const removed = await verdictAfter(`delete from ledger_lines where ${at(6, 'entry_id')} and position = 1`)
  t.match(removed, /^entry 6: the stored columns differ from the sealed bytes \(lines\[1\]: nothing stored/)
  const added =
    await verdictAfter(`insert into ledger_lines select entry_id, 1, person_id, product, quantity, effect, counted_at, lot,
    rule_id, window_start, window_end, time_zone, cap, received, held, beyond_cap from ledger_lines where ${at(1, 'entry_id')}`)
  t.match(added, /^entry 1: the stored columns differ from the sealed bytes \(lines\[1\]: .* stored, nothing sealed/)
})

t.test('sealed bytes and payloads edited by a superuser are found', async (t) => {
  const canonical = `convert_to(replace(convert_from(canonical, 'utf8'), '"surgical",4', '"surgical",2'), 'utf8')`
  const changed = /^entry 1: its sealed bytes were changed: the log holds another hash/
  t.match(await verdictAfter(`update ledger_entries set canonical = ${canonical} where ${at(1)}`), changed)
  t.match(await verdictAfter(`update ledger_entries set canonical = '\\xff00' where ${at(1)}`), changed)
  const consistently = [
    `update ledger_entries set canonical = ${canonical} where ${at(1)}`,
    `update ledger_entries set entry_hash = sha256('\\x00'::bytea || canonical) where ${at(1)}`,
    `update ledger_lines set quantity = 2, effect = 2 where ${at(1, 'entry_id')}`,
  ]
  t.match(await verdictAfter(...consistently), changed, 'with its hash and columns')
  // Otherwise the proof that the log continues the earlier one would fail already.
  const withoutEarlier = 'delete from log_checkpoints where size = 5'
  const inTheLog = (index: number) =>
    `update log_tiles set hashes = overlay(hashes placing (select entry_hash from ledger_entries where ${at(index)})
      from ${32 * index + 1}) where level = 0`
  t.equal(
    await verdictAfter(...consistently, inTheLog(1), withoutEarlier),
    'entry 2: its previousHash is not the hash of entry 1, before it in its person’s history',
    'and with its hash in the log',
  )
  const last = consistently.map((statement) =>
    statement.replaceAll('index = 1', 'index = 4').replaceAll('"surgical",4', '"surgical",5'),
  )
  t.match(
    await verdictAfter(...last, inTheLog(4), withoutEarlier),
    /^entry 0: it, or one up to entry 9, is not what the log held when the checkpoint of 10 entries was signed/,
    'where nothing follows',
  )

  const uncommitted = 'entry 3: the payload or its salt is not what the sealed bytes commit to'
  const payload = `payload = convert_to(replace(convert_from(payload, 'utf8'), 'cps_card', 'photo_id'), 'utf8')`
  t.equal(await verdictAfter(`update ledger_payloads set ${payload} where ${at(3, 'entry_id')}`), uncommitted)
  t.equal(await verdictAfter(`update ledger_payloads set salt = sha256('x') where ${at(3, 'entry_id')}`), uncommitted)
  const professional = await verdictAfter(
    `update ledger_payloads set professional = '99700000099' where ${at(3, 'entry_id')}`,
  )
  t.match(professional, /^entry 3: the stored columns differ from the payload \(professional: /)
  t.notMatch(professional, /\d{9}/, 'and no number is told')
  const gone = await verdictAfter(`delete from ledger_payloads where ${at(3, 'entry_id')}`)
  t.match(gone, /^entry 3: its payload is gone, and no erasure entry of its person is in the log/)
})

t.test('entries deleted, a tail cut and places swapped are found', async (t) => {
  t.equal(
    await verdictAfter(`delete from ledger_entries where ${at(6)}`),
    'entry 6: it is missing: the next is entry 7',
  )
  t.equal(await verdictAfter(`delete from log_leaves where index = 6`), 'entry 6: it is missing: the next is entry 7')
  t.equal(
    await verdictAfter(`delete from ledger_entries where ${at(9)}`),
    'entry 9: the bundle breaks off after 9 of 10 entries',
  )
  const swapped = await verdictAfter(
    'update log_leaves set index = 100 where index = 4',
    'update log_leaves set index = 4 where index = 7',
    'update log_leaves set index = 7 where index = 100',
  )
  t.match(swapped, /^entry 4: its sealed bytes were changed/)
  const cut = await verdictAfter(
    'delete from log_leaves where index >= 5',
    'update log_tiles set hashes = substr(hashes, 1, 160)',
    'delete from log_checkpoints where size > 5',
  )
  t.equal(cut, 'the log was cut: your checkpoint kept.txt counts 10 entries, the newest of the bundle 5')
})

t.test('untouched, it verifies', async (t) => {
  t.match(verify(await exportBundle(service), { checkpoints: [{ name: 'early', note: early }] }), {
    newest: { size: 10 },
  })
  const { run, end } = await superuser(service)
  t.strictSame((await run(`select from pg_tables where tablename like 'kept%'`)).rows, [])
  await end()
})
