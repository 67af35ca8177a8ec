import t from 'tap'
import { startService } from '../../support/service.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
await world.rule({ beneficiaries: [{ profession: '10' }] })
const toulouse = await world.pharmacy(1)
const brest = await world.pharmacy(2, { territory: 'FR-29' })
for (const place of [toulouse, brest]) must(201, await world.count(place, 100))
must(201, await world.count(brest, 100, 'ffp2'))
const nurse = await world.professional(1)
const breton = await world.professional(2, { practice: { ...CENTRE, territory: 'FR-29' } })
const doctor = await world.professional(3, { profession: '10' })
const ffp2 = { lines: [{ product: 'ffp2', quantity: 5 }] }
must(201, await world.dispense(toulouse, nurse.id, 1))
must(201, await world.dispense(toulouse, breton.id, 2))
must(201, await world.dispense(brest, breton.id, 3))
must(201, await world.dispense(brest, doctor.id, 5, ffp2))

const summary = (query = '', token: string | undefined = world.regulator) =>
  call('GET', `/v1/audit/summary${query}`, { token })
const regulator = (territories: string[], professions: string[] = []) =>
  service.token({ role: 'regulator', subject: 'ars', territories, professions })
/** The groups' names and masks handed over. */
const masks = async (query: string, token?: string) =>
  must(200, await summary(query, token)).body.items.map((item: Record<string, unknown>) =>
    [item.territory, item.profession, item.product, item.pharmacy, item.dispensedMasks].filter(
      (each) => each !== undefined,
    ),
  )

t.test('200: grouped by any of the five, in their own order whatever the order of asking', async (t) => {
  t.strictSame(await masks(''), [[11]])
  t.strictSame(await masks('?groupBy=territory'), [
    ['FR-29', 8],
    ['FR-31', 3],
  ])
  t.strictSame(await masks('?groupBy=product,profession'), [
    ['10', 'ffp2', 5],
    ['60', 'surgical', 6],
  ])
  t.strictSame(
    await masks('?groupBy=pharmacy'),
    [
      [brest.finess, 8],
      [toulouse.finess, 3],
    ].sort(),
  )
})

t.test('200: every filter narrows', async (t) => {
  // Two of them, where a Monday came between the hand-overs.
  const weeks = must(200, await summary('?groupBy=week')).body.items.map((item: { week: string }) => item.week)
  const [week] = weeks
  const later = new Date(Date.parse(weeks.at(-1)) + 86_400_000).toISOString().slice(0, 10)
  for (const [query, expected] of [
    [`pharmacy=${brest.finess}`, 8],
    ['profession=10', 5],
    ['territory=FR-31', 8],
    ['territory=FR-BRE', 10],
    ['product=ffp2', 5],
    [`from=${week}`, 11],
    [`from=${later}`, 0],
    [`to=${week}`, 0],
    [`from=${week}&to=${later}`, 11],
    [`pharmacy=${brest.finess}&product=surgical&profession=60`, 3],
  ] as const) {
    t.strictSame(await masks(`?${query}`), [[expected]], query)
  }
})

t.test('200: only what lies in the remit, by either territory and by profession', async (t) => {
  t.strictSame(await masks('', await regulator(['FR-BRE'])), [[10]])
  t.strictSame(await masks('', await regulator(['FR-BRE'], ['60'])), [[5]])
  t.strictSame(await masks('?groupBy=territory', await regulator(['FR-29'])), [
    ['FR-29', 8],
    ['FR-31', 2],
  ])
  t.strictSame(await masks('', await regulator(['FR-IDF'])), [[0]])
  t.strictSame(await masks('?groupBy=week', await regulator([])), [])
})

t.test('200: cursors lead through all groups, each once', async (t) => {
  const groups = 'groupBy=territory,profession,product'
  const seen: unknown[] = []
  let cursor = ''
  do {
    const { items, nextCursor } = must(200, await summary(`?${groups}&limit=1${cursor}`)).body
    seen.push(...items)
    cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`
  } while (cursor !== '')
  t.equal(seen.length, 3)
  t.strictSame(seen, must(200, await summary(`?${groups}`)).body.items)
})

t.test('400: fields that are wrong are named', async (t) => {
  const other = must(200, await summary('?groupBy=territory&limit=1')).body.nextCursor
  for (const [query, path] of [
    ['groupBy=colour', 'groupBy[0]'],
    ['groupBy=week,week', 'groupBy'],
    ['groupBy=', 'groupBy[0]'],
    ['from=2026-11-02T00:00:00Z', 'from'],
    ['from=2026-11-02&to=2026-11-02', 'to'],
    ['from=0000-01-01', 'from'],
    [`groupBy=product&cursor=${Buffer.from('["\\u0000"]').toString('base64url')}`, 'cursor'],
    ['territory=FR-XX', 'territory'],
    ['limit=1001', 'limit'],
    [`cursor=${other}`, 'cursor'],
    [`groupBy=week,product&cursor=${other}`, 'cursor'],
  ] as const) {
    t.match(await summary(`?${query}`), { status: 400, body: { errors: [{ path }] } }, query)
  }
})

t.test('401 without a token; 403 for every other role', async (t) => {
  t.equal((await call('GET', '/v1/audit/summary')).status, 401)
  for (const token of [toulouse.token, nurse.token, world.admin]) {
    t.match(await summary('', token), { status: 403, body: { code: 'forbidden' } })
  }
})
