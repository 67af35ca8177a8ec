import t from 'tap'
import { checksBy, handOver } from '../../support/past.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 1_000)
const usual = await world.pharmacy(1)
const odd = await world.pharmacy(2)
const other = await world.pharmacy(3)
const brest = await world.pharmacy(4, { territory: 'FR-29' })
for (const place of [usual, odd, other, brest]) {
  for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 1_000, product))
}
const nurse = await world.professional(1)
must(201, await world.dispense(usual, nurse.id, 1))

const anomalies = (kind: string, token: string | undefined = world.regulator, query = '') =>
  call('GET', `/v1/audit/anomalies?kind=${kind}${query}`, { token })
const found = async (kind: string, token?: string) => must(200, await anomalies(kind, token)).body.items
const pharmacies = async (kind: string) => (await found(kind)).map(({ pharmacy }: { pharmacy: string }) => pharmacy)
const handOvers = async (pharmacy: string, count: number, flags: string[] = []) => {
  for (const _ of range(count)) await handOver(db, { pharmacy, professional: nurse.id, daysAgo: 3, flags })
}

for (const [kind, flag, floor] of [
  ['overrides', 'override', 0.02],
  ['late_share', 'late', 0.1],
  ['very_late_share', 'very_late', 0.02],
  ['over_allocation_share', 'over_allocation', 0.02],
] as const) {
  t.test(`200: ${kind}: at least 3, and far above the share of the others`, async (t) => {
    await handOvers(odd.finess, 2, [flag])
    await handOvers(usual.finess, 20)
    t.strictSame(await pharmacies(kind), [], 'two are none')
    await handOvers(odd.finess, 1, [flag])
    const [item] = await found(kind)
    t.match(item, { kind, pharmacy: odd.finess, count: 3, threshold: floor, entries: [], movements: [] })
    t.strictSame(await found(`${kind}&territory=FR-31`), [item], 'its territory has it')
    t.strictSame(await found(`${kind}&territory=FR-29`), [], 'and no other')
    t.equal(item.measured, item.count / item.total)
    await handOvers(usual.finess, 20, [flag])
    t.strictSame(await pharmacies(kind), [], 'what is as frequent elsewhere is none')
  })
}

t.test('200: offline_batch: what was told of late within an hour, if much of it says more than that', async (t) => {
  await handOvers(brest.finess, 15, ['late'])
  await handOvers(brest.finess, 4, ['late', 'stock_discrepancy'])
  t.notOk((await pharmacies('offline_batch')).includes(brest.finess), 'four are none')
  await handOvers(brest.finess, 1, ['late', 'unverified'])
  const [item] = (await found('offline_batch')).filter(
    ({ pharmacy }: { pharmacy: string }) => pharmacy === brest.finess,
  )
  t.match(item, { count: 5, total: 20, measured: 0.25, threshold: 0.2 })
  t.equal(item.entries.length, 5)
  await handOvers(brest.finess, 10, ['late'])
  t.notOk((await pharmacies('offline_batch')).includes(brest.finess), 'few of many are none')
})

t.test('200: reversed_then_elsewhere: the same product for the same person at another pharmacy', async (t) => {
  const reversed = async (id: string) => {
    const given = must(201, await world.dispense(odd, id, 5)).body
    const path = `/v1/dispensations/${given.id}/reversal`
    return must(201, await call('POST', path, { token: odd.token, key: true, body: { kind: 'returned' } })).body
  }
  const [person, same, product, colleague, late] = await Promise.all(range(5).map((n) => world.professional(10 + n)))
  if (!person || !same || !product || !colleague || !late) throw new Error('there are five')
  await reversed(same.id)
  must(201, await world.dispense(odd, same.id, 5))
  await reversed(product.id)
  must(201, await world.dispense(other, product.id, 5, { lines: [{ product: 'ffp2', quantity: 5 }] }))
  must(201, await world.dispense(other, colleague.id, 5))
  const tooLate = await reversed(late.id)
  await handOver(db, { pharmacy: other.finess, professional: late.id, daysAgo: -8 })
  t.strictSame(await found('reversed_then_elsewhere'), [])
  await handOver(db, { pharmacy: other.finess, professional: late.id, daysAgo: -6 })
  const reversal = await reversed(person.id)
  const elsewhere = must(201, await world.dispense(other, person.id, 5)).body
  const items = await found('reversed_then_elsewhere')
  t.equal(items.length, 2)
  t.match(
    items.find(({ entries }: { entries: string[] }) => entries[0] === reversal.id),
    {
      pharmacy: odd.finess,
      counterparty: other.finess,
      product: 'surgical',
      entries: [reversal.id, elsewhere.id],
      at: elsewhere.dispensedAt,
      threshold: 7,
    },
  )
  t.ok(items.some(({ entries }: { entries: string[] }) => entries[0] === tooLate.id))
  t.notMatch(JSON.stringify(items), person.id, 'no number of a person is in it')
  const bretagne = await service.token({ role: 'regulator', subject: 'ars', territories: ['FR-BRE'] })
  t.strictSame(await found('reversed_then_elsewhere', bretagne), [])
})

t.test('200: checks_without_hand_over: about 20 people and at least half of all asked about', async (t) => {
  await checksBy(db, odd.finess, { people: 19, daysAgo: 2 })
  await checksBy(db, other.finess, { people: 30, daysAgo: 0 })
  await handOver(db, { pharmacy: odd.finess, professional: nurse.id, daysAgo: 2 })
  await checksBy(db, odd.finess, { people: 5, professional: nurse.id, daysAgo: 2.5 })
  const none = '19, and whoever was served is none; nor is today over'
  for (const part of ['', '&territory=FR-31']) t.strictSame(await found(`checks_without_hand_over${part}`), [], none)
  await checksBy(db, odd.finess, { people: 1, daysAgo: 2 })
  const items = await found('checks_without_hand_over')
  t.match(items, [{ pharmacy: odd.finess, count: 20, total: 21, measured: 20 / 21, threshold: 0.5 }])
  t.strictSame(
    await found('checks_without_hand_over&territory=FR-31'),
    items,
    'its territory alone, which is read otherwise',
  )
  const bretagne = await service.token({ role: 'regulator', subject: 'ars', territories: ['FR-BRE'] })
  t.strictSame(await found('checks_without_hand_over', bretagne), [])
})
