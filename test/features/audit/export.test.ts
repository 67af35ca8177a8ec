import t from 'tap'
import { exported, exportedCells, exportedLines } from '../../support/exports.ts'
import { startService } from '../../support/service.ts'
import { TIME } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 1_000)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 1_000))
must(201, await world.count(place, 1_000, 'ffp2'))

// Each begins, or is written, in a way that CSV, JSON or a spreadsheet reads as its own.
const LOTS = [
  '=1+1',
  '+33',
  '-2',
  '@SUM(A1)',
  "'quoted",
  'a "b"',
  'back\\slash',
  'comma, too',
  '\\.',
  '$1',
  'é-日本',
  'L1',
  'B7;=1+1',
  'B7,-2',
  'B7; "+3',
  "B7;'=1",
  ';;@x',
  '＝1+1',
  'B7；＝1', // Its separator is none.
  'B7;＠x',
]
// What stands before each, or within it, in CSV alone.
const GUARDED: Record<string, string> = {
  '=1+1': "'=1+1",
  '+33': "'+33",
  '-2': "'-2",
  '@SUM(A1)': "'@SUM(A1)",
  "'quoted": "''quoted",
  'B7;=1+1': "B7;'=1+1",
  'B7,-2': "B7,'-2",
  'B7; "+3': `B7;' "+3`,
  "B7;'=1": "B7;''=1",
  ';;@x': ";;'@x",
  '＝1+1': "'＝1+1",
  'B7;＠x': "B7;'＠x",
}
const lines = LOTS.map((lot) => ({ product: 'surgical', quantity: 1, lot }))
const first = must(201, await world.dispense(place, nurse.id, 1, { lines })).body
const second = must(
  201,
  await world.dispense(place, nurse.id, 1, {
    lines: [{ product: 'ffp2', quantity: 990 }],
    override: { reasonCode: 'emergency' },
  }),
).body
const reversal = must(
  201,
  await call('POST', `/v1/dispensations/${second.id}/reversal`, {
    token: place.token,
    key: true,
    body: { kind: 'returned', lines: [{ product: 'ffp2', quantity: 5 }] },
  }),
).body

const HEADER =
  'id,kind,sequence,dispensedAt,recordedAt,pharmacy,pharmacyTerritory,professional,profession,practiceTerritory,product,quantity,lot,flags,ruleId,windowStart,windowEnd,cap,received,held,reverses,entryHash,previousHash'

t.test('200: NDJSON has the content of the pages, a row for each line, oldest first', async (t) => {
  const rows = await exportedLines(service, world.regulator)
  const { items } = (await call('GET', '/v1/audit/dispensations', { token: world.regulator })).body
  const expected = [...items].reverse().flatMap((item: typeof first) =>
    item.lines.map((line: { product: string; quantity: number; lot?: string }) => ({
      id: item.id,
      kind: item.kind,
      sequence: item.sequence,
      dispensedAt: item.dispensedAt,
      recordedAt: item.recordedAt,
      pharmacy: item.pharmacy,
      pharmacyTerritory: item.territories.pharmacy,
      professional: item.professional,
      profession: item.profession,
      practiceTerritory: item.territories.practice,
      product: line.product,
      quantity: line.quantity,
      lot: line.lot ?? null,
      flags: item.flags,
      ruleId: item.rule.id,
      windowStart: item.window.start,
      windowEnd: item.window.end,
      reverses: item.reverses,
      entryHash: item.entryHash,
      previousHash: item.previousHash,
    })),
  )
  t.strictSame(
    rows.map(({ cap: _, received: __, held: ___, ...row }) => row),
    expected,
  )
  t.strictSame(
    rows.map(({ cap, received, held }) => [cap, received, held]),
    [...LOTS.map((_, index) => [1_000, index, 0]), [1_000, LOTS.length, 0], [1_000, 0, 0]],
  )
  t.strictSame([...new Set(rows.map(({ id }) => id))].sort(), [first.id, second.id, reversal.id].sort())
  t.match(rows[0]?.dispensedAt, TIME)
})

t.test('200: CSV has the same, quoted, and no spreadsheet finds a formula in it', async (t) => {
  const [header, ...rows] = await exportedCells(service, world.regulator)
  t.equal(header?.join(','), HEADER)
  const plain = (await exportedLines(service, world.regulator)).map((row) =>
    Object.entries(row).map(([name, value]) => {
      if (name === 'flags') return (value as string[]).join(' ') || null
      if (value === null) return null
      // A hash in base64 may begin with a plus sign.
      return name.endsWith('Hash') && String(value).startsWith('+')
        ? `'${value}`
        : (GUARDED[value as string] ?? String(value))
    }),
  )
  t.strictSame(rows, plain)
  const { body } = await exported(service, world.regulator, 'text/csv')
  const [, ...lines] = body.trimEnd().split('\n')
  for (const line of lines) t.match(line, /^("([^"]|"")*"|)(,("([^"]|"")*"|))*$/, 'every cell is quoted, or null')
})

t.test(
  '200: the values of CSV can be had back: one apostrophe less at the start and after each separator',
  async (t) => {
    const [, ...rows] = await exportedCells(service, world.regulator)
    t.strictSame(
      rows.slice(0, LOTS.length).map((row) => row[12]?.replace(/(^|[,;\t\r\n])'/g, '$1')),
      LOTS,
    )
  },
)

t.test('200: a selection that is empty is a header alone, or nothing', async (t) => {
  const csv = await exported(service, world.regulator, 'text/csv', '?product=unheard-of')
  t.strictSame([csv.status, csv.body], [200, `${HEADER}\n`])
  t.equal(csv.headers['content-type'], 'text/csv; charset=utf-8')
  const ndjson = await exported(service, world.regulator, 'application/x-ndjson', '?product=unheard-of')
  t.strictSame([ndjson.status, ndjson.body], [200, ''])
  t.equal(ndjson.headers['content-type'], 'application/x-ndjson; charset=utf-8')
})

t.test('200: the Accept header chooses, and JSON is for whoever names neither stream', async (t) => {
  const typeFor = async (accept: string) =>
    String((await exported(service, world.regulator, accept)).headers['content-type']).split(';')[0]
  t.equal(await typeFor('*/*'), 'application/json')
  t.equal(await typeFor('text/html, image/png'), 'application/json')
  t.equal(await typeFor('application/json;q=0.5, Text/CSV'), 'text/csv')
  t.equal(await typeFor('text/csv;q=0.1, application/x-ndjson;q=0.2'), 'application/x-ndjson')
  t.equal(await typeFor('text/csv;q=0, */*'), 'application/json')
  t.equal(await typeFor('text/csv; charset=utf-8'), 'text/csv')
})

t.test('400: a stream has no pages', async (t) => {
  for (const accept of ['text/csv', 'application/x-ndjson']) {
    for (const [query, path] of [
      ['?limit=5', 'limit'],
      ['?cursor=x', 'cursor'],
    ] as const) {
      const { status, body } = await exported(service, world.regulator, accept, query)
      t.equal(status, 400)
      t.match(JSON.parse(body), { code: 'invalid_request', errors: [{ path }] })
    }
  }
})

t.test('405: a HEAD request does not run an export', async (t) => {
  const headers = { authorization: `Bearer ${world.regulator}`, accept: 'text/csv' }
  t.equal((await service.app.inject({ method: 'HEAD', url: '/v1/audit/dispensations', headers })).statusCode, 405)
})
