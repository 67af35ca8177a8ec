import { text as textOf } from 'node:stream/consumers'
import t from 'tap'
import { copyStatement, csvCell } from '../../src/db/copy.ts'
import { rows } from '../../src/db/query.ts'
import { sql, texts } from '../../src/db/sql.ts'
import { csvOf } from '../../src/http/csv.ts'
import { makeDatabase, onServerOnly } from '../support/database.ts'

const { db, drop } = await makeDatabase()
t.teardown(drop)

// Each would end a literal, begin a parameter or a comment, or be written otherwise by COPY.
const HARD = [
  "'",
  "''",
  '\\',
  "\\'",
  "E'",
  '$1',
  '$2::text',
  '$$',
  '--',
  '/*',
  '"',
  ',',
  'é-日本',
  '',
  ' ',
  "x'; drop table products; --",
]

t.test('values become literals that mean what they were', async (t) => {
  for (const value of HARD) {
    const csv = await textOf(
      await db.copyOut(
        sql`select ${value}::text = '' as empty,
      encode(convert_to(${value}::text, 'UTF8'), 'hex') as bytes, 2 as two`,
        'csv',
      ),
    )
    t.equal(csv, `empty,bytes,two\n"${value === '' ? 't' : 'f'}","${Buffer.from(value).toString('hex')}","2"\n`, value)
  }
  const list = await textOf(
    await db.copyOut(sql`select to_json(${texts(HARD)}) as list, ${null}::text as nothing`, 'csv'),
  )
  t.equal(list, `list,nothing\n"${JSON.stringify(HARD).replaceAll('"', '""')}",\n`)
  t.equal(await textOf(await db.copyOut(sql`select cardinality(${texts([])})`, 'lines')), '0\n')
})

// Texts, and how a cell of CSV has each.
const CELLS: readonly (readonly [string, string])[] = [
  ['=1', "'=1"],
  ['＋1', "'＋1"],
  [' =1', "' =1"],
  ['"=1', `'"=1`],
  ['\t=1', "'\t'=1"],
  ['\rx', "'\rx"],
  ['a\n=1', "a\n'=1"],
  ['a\r\n-1', "a\r'\n'-1"],
  ['a;=1,+2\t@3', "a;'=1,'+2\t'@3"],
  ["'a;'b", "''a;''b"],
  ['a=1', 'a=1'],
  ['a b; c', 'a b; c'],
  ['', ''],
]

t.test('cells of CSV are guarded where one begins or a spreadsheet may begin one, and can be had back', async (t) => {
  const given = CELLS.map(([text]) => text)
  const found = await rows<{ cell: string }>(
    db,
    'cells',
    sql`select ${csvCell(sql`x`)} as cell from unnest(${texts(given)}) with ordinality as t(x, n) order by n`,
  )
  const guarded = found.map(({ cell }) => cell)
  t.strictSame(
    guarded,
    CELLS.map(([, cell]) => cell),
  )
  const own = csvOf(
    ['x', 'n'],
    given.map((text) => [text, -1]),
  )
    .split(/(?<=,"-1")\n|^x,n\n/)
    .slice(1, -1)
  t.strictSame(
    own,
    guarded.map((cell) => `"${cell.replaceAll('"', '""')}","-1"`),
    'the same without the database',
  )
  t.strictSame(
    guarded.map((cell) => cell.replace(/(^|[,;\t\r\n])'/g, '$1')),
    given,
  )
})

t.test('lines are the text as it is', async (t) => {
  const lines = await textOf(await db.copyOut(sql`select to_json(x) from unnest(${texts(HARD)}) as t(x)`, 'lines'))
  t.strictSame(lines, HARD.map((value) => `${JSON.stringify(value)}\n`).join(''))
})

t.test('what is neither text, a list of text nor null is refused', async (t) => {
  for (const value of [1, true, {}, 'a\0b', undefined, ['a', 1]]) {
    t.throws(() => copyStatement(sql`select ${sql.param(value)}`, 'csv', 'stdout'), TypeError)
  }
})

t.test('a copy works with the service’s rights alone, and one that fails leaves no connection', async (t) => {
  await t.rejects(db.copyOut(sql`select * from no_such_table`, 'csv'), /no_such_table/)
  await t.test('and cannot write', { skip: onServerOnly }, async (t) => {
    await t.rejects(db.copyOut(sql`delete from products returning 1`, 'csv'), { code: '42501' })
    const { rows } = await db.foreign(
      `select from pg_stat_activity where datname = current_database() and application_name = 'gomask export'`,
    )
    t.strictSame(rows, [])
  })
})
