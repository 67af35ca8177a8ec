import t from 'tap'
import { leftOut, pretty, trimmed } from '../../../src/cli/demo/json-text.ts'

const answer = {
  items: [
    { name: 'A', rule: { id: 1, source: { title: 'R', url: null } }, lots: [] },
    { name: 'B', rule: null, lots: [{ code: 'L', quantity: 2 }] },
  ],
  nextCursor: null,
}

t.test('what is printed is JSON of the same value, however long it is', async (t) => {
  t.strictSame(JSON.parse(pretty(answer)), answer)
  t.strictSame(JSON.parse(pretty({ ...answer, text: 'x'.repeat(200), empty: {} })), {
    ...answer,
    text: 'x'.repeat(200),
    empty: {},
  })
})

t.test('what fits on one line stands on one, and what does not is indented', async (t) => {
  t.equal(pretty({ a: 1, b: [{ c: 'd' }] }), '{ "a": 1, "b": [{ "c": "d" }] }')
  t.equal(pretty({ a: 'x'.repeat(120) }), `{\n  "a": "${'x'.repeat(120)}"\n}`)
})

t.test('an answer is trimmed to the members named, through lists, and no value changes', async (t) => {
  t.strictSame(trimmed(answer, ['items.name', 'items.rule.source.title']), {
    items: [
      { name: 'A', rule: { source: { title: 'R' } } },
      { name: 'B', rule: null },
    ],
  })
  t.strictSame(trimmed(answer, ['items', 'nextCursor']), answer)
})

t.test('each member that is trimmed away is named once', async (t) => {
  t.strictSame(leftOut(answer, ['items.name', 'items.rule.source.title']), [
    'items.rule.id',
    'items.rule.source.url',
    'items.lots',
    'nextCursor',
  ])
  t.strictSame(leftOut(answer, ['items', 'nextCursor']), [])
})
