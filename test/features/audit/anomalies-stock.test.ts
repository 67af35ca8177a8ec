import t from 'tap'
import { startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 100_000)
const [odd, other, third] = [await world.pharmacy(1), await world.pharmacy(2), await world.pharmacy(3)]
const brest = await world.pharmacy(4, { territory: 'FR-29' })
const nurse = await world.professional(1)
type Place = typeof odd

const DAY = 24 * 60
const anomalies = (query = '', token: string | undefined = world.regulator) =>
  call('GET', `/v1/audit/anomalies${query}`, { token })
const found = async (kind: string, token?: string) => must(200, await anomalies(`?kind=${kind}`, token)).body.items
const countAt = (place: Place, onHand: number, minutes: number, product = 'surgical') =>
  call('PUT', `/v1/pharmacies/${place.finess}/stock/${product}`, {
    token: place.token,
    body: { onHand, countedAt: minutesAgo(minutes) },
  })
const transfer = async (place: Place, kind: string, counterparty: Place, quantity: number, daysAgo: number) => {
  const body = {
    product: 'ffp2',
    kind,
    quantity,
    counterparty: counterparty.finess,
    occurredAt: minutesAgo(daysAgo * DAY),
  }
  const path = `/v1/pharmacies/${place.finess}/stock-movements`
  return must(201, await call('POST', path, { token: place.token, key: true, body })).body
}

t.test('200: stock_discrepancy: counts that were far off, the first of a shelf left out', async (t) => {
  must(201, await countAt(odd, 1_000, 50))
  must(200, await countAt(odd, 801, 40)) // 199 of 1,000 are not 20 %.
  must(201, await countAt(other, 100, 50))
  must(200, await countAt(other, 51, 40)) // 49 masks are not 50.
  t.strictSame(await found('stock_discrepancy'), [])
  must(200, await countAt(odd, 640, 30))
  const [item, ...others] = await found('stock_discrepancy')
  t.strictSame(others, [])
  t.match(item, { pharmacy: odd.finess, product: 'surgical', count: 161, total: 801, measured: 161 })
  t.equal(Math.round(item.threshold * 10), 1602)
  t.equal(item.movements.length, 1)
  const bretagne = await service.token({ role: 'regulator', subject: 'ars', territories: ['FR-BRE'] })
  t.strictSame(await found('stock_discrepancy', bretagne), [])
})

t.test('200: dispensed_above_deliveries: more handed over than ever came in', async (t) => {
  must(201, await countAt(third, 100, 50))
  must(200, await countAt(third, 500, 40))
  must(201, await world.dispense(third, nurse.id, 149))
  t.strictSame(await found('dispensed_above_deliveries'), [], '149 of 100 are 49 more')
  const more = must(201, await world.dispense(third, nurse.id, 1)).body
  t.match(await found('dispensed_above_deliveries'), [
    { pharmacy: third.finess, product: 'surgical', count: 150, total: 100, measured: 150, threshold: 150 },
  ])
  const path = `/v1/dispensations/${more.id}/reversal`
  must(201, await call('POST', path, { token: third.token, key: true, body: { kind: 'returned' } }))
  t.strictSame(await found('dispensed_above_deliveries'), [], 'what was taken back does not count')
  must(201, await world.dispense(third, nurse.id, 60))
  t.equal((await found('dispensed_above_deliveries')).length, 1)
  const body = { product: 'surgical', kind: 'delivery', quantity: 90, occurredAt: minutesAgo(0) }
  must(
    201,
    await call('POST', `/v1/pharmacies/${third.finess}/stock-movements`, { token: third.token, key: true, body }),
  )
  t.strictSame(await found('dispensed_above_deliveries'), [], 'a delivery explains it')
})

t.test('200: unmatched_transfer: what the other pharmacy never declared, each once', async (t) => {
  must(201, await countAt(odd, 5_000, 20 * DAY, 'ffp2'))
  await transfer(odd, 'transfer_out', other, 100, 12)
  await transfer(other, 'transfer_in', odd, 100, 9)
  await transfer(odd, 'transfer_out', other, 70, 6)
  t.strictSame(await found('unmatched_transfer'), [], 'a pair 3 days apart, and one of 6 days ago that may still come')
  const lost = await transfer(odd, 'transfer_out', other, 100, 10)
  const foreign = await transfer(other, 'transfer_in', third, 30, 8)
  const items = await found('unmatched_transfer')
  t.strictSame(items.map(({ movements }: { movements: string[] }) => movements[0]).sort(), [lost.id, foreign.id].sort())
  t.match(
    items.find(({ movements }: { movements: string[] }) => movements[0] === lost.id),
    { pharmacy: odd.finess, counterparty: other.finess, product: 'ffp2', count: 100, measured: 10, threshold: 7 },
  )
  await transfer(other, 'transfer_in', odd, 100, 5)
  t.strictSame((await found('unmatched_transfer')).length, 1)
})

t.test('200: all kinds on pages, each anomaly once', async (t) => {
  const all = must(200, await anomalies()).body
  t.equal(all.nextCursor, null)
  t.ok(new Set(all.items.map(({ kind }: { kind: string }) => kind)).size >= 2)
  const seen: unknown[] = []
  let cursor = ''
  do {
    const { items, nextCursor } = must(200, await anomalies(`?limit=1${cursor}`)).body
    seen.push(...items)
    cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`
  } while (cursor !== '')
  t.strictSame(seen, all.items)
  t.strictSame(must(200, await anomalies('?to=2026-01-01T00:00:00Z')).body.items, [])
})

t.test('400: a stretch of more than 92 days, and other fields that are wrong, are named', async (t) => {
  const long = 'from=2026-01-01T00:00:00Z&to=2026-04-03T00:00:00.001Z'
  t.match(await anomalies(`?${long}`), { status: 400, body: { errors: [{ path: 'to', message: /92 days/ }] } })
  t.equal((await anomalies(`?${long.replace('.001', '')}`)).status, 200)
  t.equal((await anomalies('?to=1970-01-05T00:00:00Z')).status, 200)
  const forged = ({ key = 'x', to = 1 }) =>
    `cursor=${Buffer.from(JSON.stringify({ kind: 'overrides', key, to })).toString('base64url')}`
  t.equal((await anomalies(`?${forged({})}`)).status, 200)
  for (const [query, path] of [
    [forged({ key: '\0' }), 'cursor'],
    [forged({ to: 1e15 }), 'cursor'],
    ['from=2026-01-01T00:00:00Z', 'to'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'to'],
    ['kind=colour', 'kind'],
    ['limit=101', 'limit'],
    ['cursor=x', 'cursor'],
  ] as const) {
    t.match(await anomalies(`?${query}`), { status: 400, body: { errors: [{ path }] } }, query)
  }
})

t.test('401 without a token; 403 for every other role', async (t) => {
  t.equal((await call('GET', '/v1/audit/anomalies')).status, 401)
  for (const token of [brest.token, nurse.token, world.admin]) {
    t.match(await anomalies('', token), { status: 403, body: { code: 'forbidden' } })
  }
})
