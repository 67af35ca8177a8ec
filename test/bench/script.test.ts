import t from 'tap'
import { lookup } from './bare/lookup.ts'
import type { Work } from './bare/recorder.ts'
import { expressionOf, NEW_KEY, runPrefix, writeScript } from './bare/script.ts'

const NOW = Date.parse('2026-11-22T10:00:00.000Z')

t.test(
  'what left in one flush is a pipeline, a statement by itself is none, and parameters stay parameters',
  async (t) => {
    const work: Work = [
      [
        { name: '', text: 'begin', parameters: [] },
        { name: 'lock', text: 'select 1 from heads where id = $1 for update', parameters: ['99700000017'] },
      ],
      [{ name: 'facts', text: 'select * from facts where id = $1 and place = $2', parameters: ['99700000017', 'FR'] }],
    ]
    const { text, variables } = writeScript(
      [work],
      { draw: ['\\set rpps 1'], replace: [['99700000017', ':rpps']] },
      NOW,
    )
    t.equal(
      text.slice(text.indexOf('\\set rpps')),
      `\\set rpps 1
\\startpipeline
begin;
select 1 from heads where id = :rpps for update;
\\endpipeline
select * from facts where id = :rpps and place = :c1;
`,
    )
    t.same(variables, { n: '-1', c1: 'FR' })
  },
)

t.test('a parameter that holds what varies is put together from constants and variables', async (t) => {
  const variables = {}
  const sql = expressionOf(
    '{"pharmacy":"310000001","was":7}',
    [
      ['310000001', ':finess'],
      [/"was":\d+/, 'shelf()'],
    ],
    variables,
  )
  t.equal(sql, '(:c0::text || :finess::text || :c1::text || shelf() || :c2::text)')
  t.same(variables, { c0: '{"pharmacy":"', c1: '",', c2: '}' })
})

t.test('a colon in a literal is not taken for a variable', async (t) => {
  const work: Work = [[{ name: 'show', text: `select 'a'::text, to_char($1::date, 'HH24:MI:SS')`, parameters: ['x'] }]]
  const { text } = writeScript([work], { draw: [], replace: [] }, NOW)
  t.match(text, `select 'a'::text, to_char(:c1::date, E'HH24\\x3aMI\\x3aSS');`)
})

t.test('an empty text is a parameter, and null is null', async (t) => {
  const variables = {}
  t.equal(expressionOf('', [], variables), ':c0')
  t.equal(expressionOf(null, [], variables), 'null')
  t.same(variables, { c0: '' })
})

t.test('ids and times that the program made are made anew, older ones stay', async (t) => {
  const made = '01a202c3-f200-7abc-8123-0123456789ab' // An hour before, and so not made for this request.
  const fresh = `${runPrefix(NOW)}abc-8123-0123456789ab`
  const work: Work = [
    [
      {
        name: 'insert',
        text: 'insert $1, $2, $3, $4',
        parameters: [fresh, made, '2026-11-22T10:00:00.123Z', '2026-01-05T08:00:00.000Z'],
      },
    ],
  ]
  const { text, variables } = writeScript([work], { draw: [], replace: [] }, NOW)
  t.match(text, `insert (:run::text || '000-8000-' || lpad(to_hex(:serial::bigint), 12, '0')), :c1, now()::text, :c2;`)
  t.same(variables, { n: '-1', c1: made, c2: '2026-01-05T08:00:00.000Z' })
})

t.test('a parameter known by its place in the text is found under whatever number it has', async (t) => {
  const work: Work = [
    [
      {
        name: 'advance',
        text: 'update heads set seq = $3::int where seq = $4::int - 1 and a = $1',
        parameters: ['x', 'y', '5', '5'],
      },
    ],
  ]
  const { text } = writeScript([work], { draw: [], replace: [], inText: [[/seq = (\$\d+)::int/, 'next()']] }, NOW)
  t.match(text, 'update heads set seq = next()::int where seq = next()::int - 1 and a = :c1;')
})

t.test('what later statements need is read back outside the pipeline, the first row last', async (t) => {
  const flush = ['begin', 'lock', 'nearest_here', 'hold', 'commit'].map((name) => ({
    name,
    text: name,
    parameters: [],
  }))
  const { text } = writeScript([[flush]], { draw: [], replace: [], readBack: /^nearest/ }, NOW)
  t.match(
    text,
    `\\startpipeline
begin;
lock;
\\endpipeline
select * from (select *, row_number() over () as nth from (
nearest_here
) as found) as found order by nth desc \\aset
\\startpipeline
hold;
commit;
\\endpipeline
`,
  )
})

t.test('what would skip a locked row waits for it, where it is said to', async (t) => {
  const flush = ['lock_if_free', 'lock_others'].map((name) => ({ name, text: `${name} skip locked`, parameters: [] }))
  const { text } = writeScript([[flush]], { draw: [], replace: [], waits: /_if_free$/ }, NOW)
  t.match(text, 'lock_if_free;\nlock_others skip locked;')
})

t.test('a script is refused whose values nobody reads', async (t) => {
  const work: Work = [[{ name: 'nearby', text: 'select 1', parameters: [] }]]
  t.throws(
    () => writeScript([work], { draw: [], replace: [], readBack: /^nearest/ }, NOW),
    /no statement \/\^nearest\//,
  )
})

t.test('each transaction has a key of its own', async (t) => {
  const work: Work = [[{ name: 'key', text: 'select $1', parameters: ['a-key'] }]]
  t.match(
    writeScript([work], { draw: [], replace: [['a-key', NEW_KEY]] }, NOW).text,
    `select (:run::text || '.' || :serial::text);`,
  )
})

t.test('a lookup gives each number of a list by its index', async (t) => {
  t.equal(lookup('i', [7]), '7')
  t.equal(lookup('i', [7, 8, 9]), 'case when :i < 2 then case when :i < 1 then 7 else 8 end else 9 end')
})
