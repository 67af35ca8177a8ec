import t from 'tap'
import { raiseDoubts } from '../../src/store/identity-doubts.ts'
import { runCheck } from '../../src/store/invariants.ts'
import { invariantsHold } from '../support/invariants.ts'
import { adeli, rpps } from '../support/numbers.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { CENTRE, makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { db, call } = service
const world = await makeWorld(service, null)
const place = await world.pharmacy(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 1000, product))
await world.rule({ subCaps: [{ product: 'ffp2', cap: 4 }] })

const someone = {
  profession: '60',
  familyName: 'Martin',
  givenName: 'Camille',
  practice: { ...CENTRE, territory: 'FR-31' },
  status: 'active',
}
const put = (id: string, otherIds: string[] = []) =>
  call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...someone, otherIds } })

/** Slips in a hand-over at the end of the chain of whoever has this number, with the figures that hide it. */
async function plant(
  number: string,
  {
    quantity,
    product = 'surgical',
    days = 7,
    flags = '',
    cites = true,
  }: { quantity: number; product?: string; days?: number; flags?: string; cites?: boolean },
) {
  const entry = seededUuid()
  await db.foreign(`insert into ledger_entries (id, person_id, seq, kind, previous_hash, entry_hash, canonical,
      recorded_at, occurred_at, pharmacy, profession, practice_territory, pharmacy_territory, flags)
    select '${entry}', p.root_id, h.seq + 1, 'dispensation', h.entry_hash, '${`\\x${'00'.repeat(32)}`}', '',
      date_trunc('milliseconds', clock_timestamp()), date_trunc('milliseconds', clock_timestamp()), '${place.finess}', '60', 'FR-31',
      'FR-31', '{${flags}}'
    from person_identifiers i join persons p on p.id = i.person_id join ledger_heads h on h.person_id = p.root_id
    where i.identifier = '${number}'`)
  await db.foreign(`insert into ledger_lines
    select e.id, 0, e.person_id, '${product}', ${quantity}, ${quantity}, e.occurred_at, null, ${cites ? 'r.id' : 'null'},
      ${cites ? `e.occurred_at - make_interval(hours => ${24 * days}), e.occurred_at` : 'null, null'}, 'Europe/Paris', r.cap, 0, 0, ${flags === 'over_allocation'}
    from ledger_entries e, (select * from allocation_rules order by published_at limit 1) r where e.id = '${entry}'`)
  await db.foreign(`update ledger_heads h set seq = e.seq, entry_hash = e.entry_hash from ledger_entries e
    where e.id = '${entry}' and h.person_id = e.person_id`)
  return `ledger entry ${entry} line 0`
}

const found = async () =>
  Object.fromEntries((await runCheck(db, 'check_i3')).map((breach) => [breach.row, breach.found]))

t.test('what was lawful when it was decided is no breach', async (t) => {
  await t.test('ten of ten under each of two numbers that turn out to be one person’s', async () => {
    for (const number of [adeli(1), rpps(1)]) {
      must(201, await put(number))
      must(201, await world.dispense(place, number, 10))
    }
    must(200, await put(rpps(1), [adeli(1)]))
  })
  await t.test('ten handed over while the other record held six', async () => {
    for (const number of [adeli(2), rpps(2)]) must(201, await put(number))
    const holder = await service.token({ role: 'professional', subject: adeli(2) })
    must(201, await world.reserve(holder, { quantity: 6, pharmacy: place.finess }))
    must(201, await world.dispense(place, rpps(2), 10))
    must(200, await put(rpps(2), [adeli(2)]))
  })
  await t.test('a chain of merges, with hand-overs between them', async () => {
    for (const number of [adeli(3), adeli(4), rpps(3)]) {
      must(201, await put(number))
      must(201, await world.dispense(place, number, 3))
    }
    must(200, await put(adeli(3), [adeli(4)]))
    must(201, await world.dispense(place, adeli(4), 4))
    must(201, await world.dispense(place, rpps(3), 7))
    must(200, await put(rpps(3), [adeli(3)]))
    must(409, await world.dispense(place, rpps(3), 1))
  })
  await t.test('ten together while two records were in doubt, and ten each once they were distinct', async () => {
    for (const number of [adeli(10), rpps(10)]) must(201, await put(number))
    must(201, await world.dispense(place, adeli(10), 6))
    await raiseDoubts(db, [adeli(10), rpps(10)], 'an issuer')
    must(201, await world.dispense(place, rpps(10), 4))
    must(409, await world.dispense(place, adeli(10), 1))
    const { items } = must(200, await call('GET', '/v1/identity-doubts', { token: world.admin })).body
    const body = { decision: 'distinct', reason: 'asked both' }
    must(200, await call('POST', `/v1/identity-doubts/${items[0].id}/decision`, { token: world.admin, body }))
    must(201, await world.dispense(place, adeli(10), 4))
    must(201, await world.dispense(place, rpps(10), 6))
  })
  await t.test('ten received, taken back, and received again', async () => {
    const { id } = await world.professional(5)
    const { body } = must(201, await world.dispense(place, id, 10))
    const reversal = { kind: 'returned' }
    must(
      201,
      await call('POST', `/v1/dispensations/${body.id}/reversal`, { token: place.token, key: true, body: reversal }),
    )
    must(201, await world.dispense(place, id, 10))
  })
  await t.test('a hand-over that is recorded after one that was later', async () => {
    const { id } = await world.professional(6)
    must(201, await world.dispense(place, id, 4))
    must(201, await world.dispense(place, id, 6, { dispensedAt: new Date(Date.now() - 240_000).toISOString() }))
  })
  await t.test('a hold that is collected, and one that is released, by the hand-over itself', async () => {
    const { id, token } = await world.professional(7)
    const { body } = must(201, await world.reserve(token, { quantity: 6, pharmacy: place.finess }))
    must(201, await world.reserve(token, { quantity: 4, pharmacy: place.finess }))
    const reservations = [{ id: body.id, pickupCode: body.pickupCode }]
    must(201, await world.dispense(place, id, 10, { reservations, releaseHolds: true }))
  })
  await t.test('an override, and what was received before a rule that allows less', async () => {
    const { id } = await world.professional(8)
    must(201, await world.dispense(place, id, 10))
    must(201, await world.dispense(place, id, 5, { override: { reasonCode: 'emergency' } }))
    const nurse = await world.professional(9)
    must(201, await world.dispense(place, nurse.id, 9))
    await world.rule({ cap: 12, validFrom: '2026-02-01T00:00:00.000Z' })
    must(201, await world.dispense(place, nurse.id, 3))
    await world.rule({ cap: 5, validFrom: '2026-03-01T00:00:00.000Z', subCaps: [{ product: 'ffp2', cap: 4 }] })
    must(409, await world.dispense(place, nurse.id, 1))
  })
  await invariantsHold(t, db)
})

t.test('a second grant that was slipped in is found, whatever it says of itself and whatever came later', async (t) => {
  const { id } = await world.professional(20)
  const { body } = must(201, await world.dispense(place, id, 5))
  const row = await plant(id, { quantity: 9 })
  must(
    201,
    await call('POST', `/v1/dispensations/${body.id}/reversal`, {
      token: place.token,
      key: true,
      body: { kind: 'returned' },
    }),
  )
  t.equal((await found())[row], '5 received in the window, 0 held and 9 granted, cap 10')
})

t.test('what either record received counts from the merge on', async (t) => {
  const [one, other] = [await plant(rpps(1), { quantity: 1 }), await plant(rpps(3), { quantity: 1 })]
  const breaches = await found()
  t.equal(breaches[one], '20 received in the window, 0 held and 1 granted, cap 10')
  t.equal(breaches[other], '20 received in the window, 0 held and 1 granted, cap 10')
})

t.test('what another record received and holds counts while the two are in doubt, and no longer', async (t) => {
  for (const number of [adeli(25), rpps(25)]) must(201, await put(number))
  must(201, await world.dispense(place, adeli(25), 2))
  await raiseDoubts(db, [adeli(25), rpps(25)], 'an issuer')
  const holder = await service.token({ role: 'professional', subject: adeli(25) })
  must(201, await world.reserve(holder, { quantity: 1, pharmacy: place.finess }))
  const row = await plant(rpps(25), { quantity: 8 })
  t.equal((await found())[row], '2 received in the window, 1 held and 8 granted, cap 10')
  const { items } = must(200, await call('GET', '/v1/identity-doubts', { token: world.admin })).body
  const body = { decision: 'distinct', reason: 'asked both' }
  must(200, await call('POST', `/v1/identity-doubts/${items[0].id}/decision`, { token: world.admin, body }))
  const later = await plant(rpps(25), { quantity: 2 })
  const breaches = await found()
  t.equal(breaches[later], 'says 0 received, 0 held, cap 10; found are 8 received, 0 held, cap 10')
  t.equal(breaches[row], '2 received in the window, 1 held and 8 granted, cap 10', 'by what was known at it')
})

t.test('a grant beyond a sub-cap alone is found', async (t) => {
  await put(rpps(21))
  await plant(rpps(21), { quantity: 3, product: 'ffp2' })
  const row = await plant(rpps(21), { quantity: 2, product: 'ffp2' })
  t.equal((await found())[row], '3 of ffp2 received in the window, 0 held and 2 granted, sub-cap 4')
})

t.test('a grant of what a live reservation had set aside is found', async (t) => {
  const { id, token } = await world.professional(22)
  must(201, await world.reserve(token, { quantity: 5, pharmacy: place.finess }))
  const row = await plant(id, { quantity: 6 })
  t.equal((await found())[row], '0 received in the window, 5 held and 6 granted, cap 10')
})

t.test('figures that are not those of the time are found, though nothing is beyond the cap', async (t) => {
  await put(rpps(23))
  await plant(rpps(23), { quantity: 2 })
  const row = await plant(rpps(23), { quantity: 2 })
  t.equal((await found())[row], 'says 0 received, 0 held, cap 10; found are 2 received, 0 held, cap 10')
})

t.test('a window that is not its rule’s is found', async (t) => {
  t.strictSame(await runCheck(db, 'check_i3_windows'), [])
  await put(rpps(24))
  const row = await plant(rpps(24), { quantity: 1, days: 1 })
  t.match(await runCheck(db, 'check_i3_windows'), [{ row, found: /^its window begins .*, that of its rule / }])
})

t.test('what was told of late and flagged is no breach, and a flag excuses nothing else', async (t) => {
  for (const n of [26, 27, 28]) await put(rpps(n))
  const [over, late] = [await plant(rpps(26), { quantity: 10 }), await plant(rpps(27), { quantity: 10, flags: 'late' })]
  const lawful = await plant(rpps(28), { quantity: 11, flags: 'over_allocation' })
  const [more, more2] = [
    await plant(rpps(26), { quantity: 1, flags: 'late' }),
    await plant(rpps(27), { quantity: 1, flags: 'unverified' }),
  ]
  const [bare, flagged] = [
    await plant(rpps(28), { quantity: 1, cites: false, flags: 'late' }),
    await plant(rpps(28), { quantity: 1, cites: false, flags: 'unverified' }),
  ]
  const breaches = await found()
  for (const row of [over, late, lawful, flagged]) t.equal(breaches[row], undefined)
  t.equal(breaches[bare], 'cites no rule, and is flagged for none')
  for (const row of [more, more2]) t.match(breaches[row], '10 received in the window, 0 held and 1 granted, cap 10')
})
