import t from 'tap'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { minutesAgo } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

type Item = Record<string, string> & { lines: { product: string }[]; flags: string[] }

const service = await startService(t, { MAX_LIVE_HOLDS: 100, OVERRIDES_PER_WEEK: 100 })
const { call } = service
const world = await makeWorld(service, 10)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
const nurses = await Promise.all(range(9).map((n) => world.professional(n + 1)))
const [nurse] = nurses
if (!nurse) throw new Error('there are nine')
const as = (operator: string) => ({ headers: { 'x-operator': operator } })
const movements = `/v1/pharmacies/${place.finess}/stock-movements`
const moves = range(12).map((n) => ({
  product: n % 3 === 0 ? 'ffp2' : 'surgical',
  kind: n % 4 === 3 ? 'loss' : 'delivery',
  quantity: 10 + n,
  occurredAt: minutesAgo(n % 2 === 0 ? 60 - n : 20 - n),
}))
const moved: Item[] = []
for (const [n, body] of moves.entries()) {
  const { body: made } = must(
    201,
    await call('POST', movements, { token: place.token, key: true, body, ...as(`op-${n % 2}`) }),
  )
  moved.push(made)
}
for (const each of [place, other]) for (const product of ['surgical', 'ffp2']) await world.count(each, 500, product)

/** Every hand-over and reservation is one of an operator, a product and a time; every third hand-over is overridden. */
const handed: Item[] = []
const reserved: Item[] = []
for (const n of range(9)) {
  const product = n % 2 === 0 ? 'surgical' : 'ffp2'
  const to = nurses[n] ?? nurse
  if (n > 1) {
    const { body } = must(201, await world.reserve(to.token, { product, quantity: 1, pharmacy: place.finess }))
    reserved.push(body)
  }
  const isOver = n % 3 === 2
  const { body: made } = must(
    201,
    await call('POST', '/v1/dispensations', {
      token: place.token,
      key: `hand-over-${n}`,
      body: {
        professional: to.id,
        identityCheck: { method: 'cps_card' },
        lines: [{ product, quantity: isOver ? 11 : 1 }],
        ...(isOver && { override: { reasonCode: 'emergency' } }),
        ...(n % 4 === 3 && { reservations: [{ id: reserved.at(-1)?.id, pickupCode: reserved.at(-1)?.pickupCode }] }),
        dispensedAt: minutesAgo(n % 2 === 0 ? 4 : 0),
      },
      ...as(`op-${n % 2}`),
    }),
  )
  handed.push(made)
}
const slip = handed[4] as Item
const back = { token: place.token, key: true, body: { kind: 'entry_error' }, ...as('op-9') } as const
handed.push(must(201, await call('POST', `/v1/dispensations/${slip.id}/reversal`, back)).body)

const { token } = place
const list = (path: string, query: Record<string, string>, bearer = token) =>
  call('GET', `${path}?${new URLSearchParams(query)}`, { token: bearer })

/** All of a list under a filter, read in pages of two. */
async function paged(path: string, query: Record<string, string>): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = must(200, await list(path, { limit: '2', ...query, ...(cursor && { cursor }) }))
    ids.push(...body.items.map(({ id }: Item) => id))
    cursor = body.nextCursor
  }
  return ids
}

/** The ids of what a filter should leave, newest first. */
const left = (items: readonly Item[], isLeft: (item: Item) => boolean) =>
  items
    .filter(isLeft)
    .map(({ id }) => id)
    .reverse()

t.test(
  'movements: by time, half open, product, kind and operator, each page going on where the last ended',
  async (t) => {
    const { items: all } = must(200, await list(movements, { limit: '100' })).body as { items: Item[] }
    const ours = all.toReversed()
    t.equal(
      ours.length,
      12 + 2 + 10 + 6,
      'with what takes back the five hand-overs and the slip that the counts had seen',
    )
    const [from, to] = [moved[8]?.occurredAt ?? '', moved[0] ? (moved[3]?.occurredAt ?? '') : '']
    const filters: [Record<string, string>, (item: Item) => boolean][] = [
      [{ from }, ({ occurredAt = '' }) => occurredAt >= from],
      [{ to }, ({ occurredAt = '' }) => occurredAt < to],
      [{ from, to }, ({ occurredAt = '' }) => occurredAt >= from && occurredAt < to],
      [{ product: 'ffp2' }, ({ product }) => product === 'ffp2'],
      [{ kind: 'loss' }, ({ kind }) => kind === 'loss'],
      [{ kind: 'reversal' }, ({ kind }) => kind === 'reversal'],
      [{ kind: 'discrepancy' }, () => false],
      [{ operator: 'op-1' }, ({ operator }) => operator === 'op-1'],
      [
        { operator: 'op-0', product: 'surgical', kind: 'delivery', to },
        (item) =>
          item.operator === 'op-0' &&
          item.product === 'surgical' &&
          item.kind === 'delivery' &&
          (item.occurredAt ?? '') < to,
      ],
    ]
    for (const [query, isLeft] of filters)
      t.same(await paged(movements, query), left(ours, isLeft), JSON.stringify(query))
    t.ok(left(ours, ({ occurredAt = '' }) => occurredAt >= from && occurredAt < to).length > 2, 'more than a page')
  },
)

t.test('hand-overs: by time, product, kind, flag and operator', async (t) => {
  const [from, to] = [handed[1]?.dispensedAt ?? '', handed[5]?.dispensedAt ?? '']
  const filters: [Record<string, string>, (item: Item) => boolean][] = [
    [{ from }, ({ dispensedAt = '' }) => dispensedAt >= from],
    [{ from, to }, ({ dispensedAt = '' }) => dispensedAt >= from && dispensedAt < to],
    [{ product: 'ffp2' }, ({ lines }) => lines[0]?.product === 'ffp2'],
    [{ kind: 'reversal' }, ({ kind }) => kind === 'reversal'],
    [{ kind: 'dispensation' }, ({ kind }) => kind === 'dispensation'],
    [{ flag: 'override' }, ({ flags }) => flags.includes('override')],
    [{ flag: 'late' }, () => false],
    [{ operator: 'op-0' }, ({ operator }) => operator === 'op-0'],
    [
      { operator: 'op-0', flag: 'override', product: 'surgical' },
      ({ operator, flags, lines }) =>
        operator === 'op-0' && flags.includes('override') && lines[0]?.product === 'surgical',
    ],
  ]
  for (const [query, isLeft] of filters) {
    t.same(await paged('/v1/dispensations', query), left(handed, isLeft), JSON.stringify(query))
  }
  t.same(left(handed, ({ flags }) => flags.includes('override')).length, 3)
})

t.test('reservations: by time, product, status and who handed over', async (t) => {
  const { items } = must(200, await list('/v1/reservations', { limit: '100' })).body as { items: Item[] }
  const ours = items.toReversed()
  t.same(
    ours.map(({ id }) => id),
    reserved.map(({ id }) => id),
  )
  const [from, to] = [ours[1]?.createdAt ?? '', ours[5]?.createdAt ?? '']
  const filters: [Record<string, string>, (item: Item) => boolean][] = [
    [{ from, to }, ({ createdAt = '' }) => createdAt >= from && createdAt < to],
    [{ product: 'ffp2' }, ({ product }) => product === 'ffp2'],
    [{ status: 'collected' }, ({ status }) => status === 'collected'],
    [
      { status: 'held', product: 'surgical', from },
      ({ status, product, createdAt = '' }) => status === 'held' && product === 'surgical' && createdAt >= from,
    ],
    [{ operator: 'op-1' }, ({ operator }) => operator === 'op-1'],
  ]
  for (const [query, isLeft] of filters) {
    t.same(await paged('/v1/reservations', query), left(ours, isLeft), JSON.stringify(query))
  }
  t.equal(left(ours, ({ operator }) => operator === 'op-1').length, 2, 'those that op-1 handed over')
})

t.test('the operator is shown to its own pharmacy, in answers, retries and lists, and to nobody else', async (t) => {
  t.match([moved[1], handed[1], handed.at(-1)], [{ operator: 'op-1' }, { operator: 'op-1' }, { operator: 'op-9' }])
  const again = await call('GET', `/v1/dispensations/${handed[1]?.id}`, { token })
  t.equal(again.body.operator, 'op-1')
  const unnamed = must(201, await world.dispense(place, nurse.id, 1)).body
  t.notOk('operator' in unnamed, 'nobody was named')

  const collected = reserved.find((_, n) => (n + 2) % 4 === 3) as Item
  const shownTo = async (bearer: string, ...paths: string[]) => {
    const answers = await Promise.all(paths.map((path) => call('GET', path, { token: bearer })))
    return answers.map((answer) => JSON.stringify(must(200, answer).body)).join('')
  }
  const entry = `/v1/dispensations/${handed[1]?.id}`
  const [owner, collector] = [nurses[1] ?? nurse, nurses[3] ?? nurse]
  const history = `/v1/professionals/${owner.id}/history`
  t.match(await shownTo(token, entry, `/v1/reservations/${collected.id}`), /"operator":"op-1".*"operator":"op-1"/)
  for (const [bearer, paths] of [
    [owner.token, [entry, '/v1/dispensations', history]],
    [collector.token, ['/v1/reservations', `/v1/reservations/${collected.id}`]],
    [world.regulator, [entry, '/v1/dispensations', movements, history, '/v1/audit/dispensations']],
  ] as const) {
    const shown = await shownTo(bearer, ...paths)
    t.notMatch(shown, /operator/)
  }
  for (const path of [movements, '/v1/dispensations']) {
    const refused = await list(path, { operator: 'op-1' }, world.regulator)
    t.match(refused, { status: 400, body: { errors: [{ path: 'operator', message: 'is a filter for pharmacies' }] } })
  }
  t.equal((await list('/v1/reservations', { operator: 'op-1' }, nurse.token)).status, 400)
  t.same((await list('/v1/dispensations', { operator: 'op-1' }, other.token)).body.items, [], 'another pharmacy')
})

t.test('a professional and a regulator narrow their lists too', async (t) => {
  const own = must(
    200,
    await list('/v1/dispensations', { flag: 'override', kind: 'dispensation' }, (nurses[2] ?? nurse).token),
  ).body
  t.same(
    own.items.map(({ flags }: Item) => flags),
    [['override']],
  )
  const seen = must(
    200,
    await list('/v1/dispensations', { product: 'ffp2', pharmacy: place.finess }, world.regulator),
  ).body
  t.same(
    seen.items.map(({ id }: Item) => id),
    left(handed, ({ lines }) => lines[0]?.product === 'ffp2'),
  )
})

t.test('400: what is no kind, flag, status, time or operator', async (t) => {
  for (const [path, query, field] of [
    [movements, { kind: 'gift' }, 'kind'],
    [movements, { from: 'monday' }, 'from'],
    [movements, { operator: 'zwei Worte' }, 'operator'],
    ['/v1/dispensations', { kind: 'link' }, 'kind'],
    ['/v1/dispensations', { flag: 'Override' }, 'flag'],
    ['/v1/dispensations', { product: 'Ü' }, 'product'],
    ['/v1/reservations', { status: 'lost' }, 'status'],
    ['/v1/reservations', { to: '2026-11-20' }, 'to'],
  ] as const) {
    t.match(await list(path, query), { status: 400, body: { errors: [{ path: field }] } }, JSON.stringify(query))
  }
})
