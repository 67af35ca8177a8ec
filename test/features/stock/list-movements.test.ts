import t from 'tap'
import { finess } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { minutesAgo, TIME, UUID_V7 } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 100)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
const path = `/v1/pharmacies/${place.finess}/stock-movements`

const list = (query = '', token: string | undefined = place.token) => call('GET', `${path}${query}`, { token })

// Twenty-three deliveries, a hand-over and its reversal.
for (const n of range(23)) {
  const body = { product: 'surgical', kind: 'delivery', quantity: n + 1, occurredAt: minutesAgo(30 - n) }
  must(201, await call('POST', path, { token: place.token, key: true, body }))
}
const handOver = must(201, await world.dispense(place, nurse.id, 4)).body
const reversal = must(
  201,
  await call('POST', `/v1/dispensations/${handOver.id}/reversal`, {
    token: place.token,
    key: true,
    body: { kind: 'returned', lines: [{ product: 'surgical', quantity: 1 }] },
  }),
).body

t.test('200: newest first, hand-overs and reversals with the entry that moved them', async (t) => {
  const { status, body } = await list('?limit=3')
  t.equal(status, 200)
  t.match(body.items, [
    { kind: 'reversal', quantity: 1, change: 1, dispensation: reversal.id },
    { kind: 'dispensation', quantity: 4, change: -4, dispensation: handOver.id },
    { kind: 'delivery', quantity: 23, change: 23, dispensation: null },
  ])
  for (const item of body.items) {
    t.match(item, { id: UUID_V7, pharmacy: place.finess, product: 'surgical', occurredAt: TIME, recordedAt: TIME })
  }
})

t.test('200: 20 a page if not said, and cursors lead through all, each once', async (t) => {
  const first = (await list()).body
  t.equal(first.items.length, 20)
  const second = (await list(`?cursor=${first.nextCursor}`)).body
  t.equal(second.items.length, 5)
  t.equal(second.nextCursor, null)
  const whole = (await list('?limit=100')).body
  t.strictSame([...first.items, ...second.items], whole.items)
  t.equal(whole.nextCursor, null)
  t.equal((await list('?limit=25')).body.nextCursor, null, 'a page that is just full is the last')
})

t.test('200: a regulator reads it in its remit; 404 outside, and for no pharmacy', async (t) => {
  t.equal((await list('', world.regulator)).status, 200)
  const bretagne = await service.token({ role: 'regulator', subject: 'ars-bre', territories: ['FR-BRE'] })
  t.match(await list('', bretagne), { status: 404, body: { code: 'not_found' } })
  const nowhere = await call('GET', `/v1/pharmacies/${finess(99)}/stock-movements`, { token: world.regulator })
  t.match(nowhere, { status: 404, body: { code: 'not_found' } })
})

t.test('400: a limit out of range, a forged cursor, an unknown parameter', async (t) => {
  for (const [query, field] of [
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?cursor=abc', 'cursor'],
  ] as const) {
    t.match(await list(query), { status: 400, body: { errors: [{ path: field }] } }, query)
  }
  t.match(await list('?offset=10'), { status: 400, body: { detail: /offset/ } })
})

t.test('401 without a token; 403 for another pharmacy, professionals and the admin', async (t) => {
  const other = await world.pharmacy(2)
  t.equal((await call('GET', path)).status, 401)
  for (const token of [other.token, nurse.token, world.admin]) {
    t.match(await list('', token), { status: 403, body: { code: 'forbidden' } })
  }
})
