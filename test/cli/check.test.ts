import t from 'tap'
import { runCheck } from '../../src/store/invariants.ts'
import { gomask } from '../support/command.ts'
import { onServerOnly } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { db } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 100))
must(201, await world.reserve(nurse.token, { quantity: 2 }))
must(201, await world.dispense(place, nurse.id, 5))
const shelf = `stock ${place.finess} surgical`

t.test('the check finds nothing in a database that only the service wrote to', (t) => invariantsHold(t, db))

t.test('stock on hand that its movements do not explain is named', async (t) => {
  await db.foreign(`update stock set on_hand = on_hand + 1 where pharmacy = '${place.finess}'`)
  t.same(await runCheck(db, 'check_i2_on_hand'), [
    { invariant: 'I2', row: shelf, found: 'on hand 96, movements add up to 95' },
  ])
  await db.foreign(`update stock set on_hand = on_hand - 1 where pharmacy = '${place.finess}'`)
})

t.test('holds that no reservation explains are named', async (t) => {
  await db.foreign(`update stock set held = held + 1 where pharmacy = '${place.finess}'`)
  t.same(await runCheck(db, 'check_i2_held'), [
    { invariant: 'I2', row: shelf, found: 'held 3, reservations add up to 2' },
  ])
  await db.foreign(`update stock set held = held - 1 where pharmacy = '${place.finess}'`)
})

t.test('gomask check exits 0 when all holds, and 1 naming the row when not', { skip: onServerOnly }, async (t) => {
  t.match(await gomask(['check'], { DATABASE_URL: service.url ?? '' }), {
    code: 0,
    stdout: 'I1, I2, I3 and I6 hold, and the totals are those of the entries\n',
  })
  await db.foreign(`update stock set held = held + 1 where pharmacy = '${place.finess}'`)
  const broken = await gomask(['check'], { DATABASE_URL: service.url ?? '' })
  t.equal(broken.code, 1)
  t.match(broken.stdout, `I2 broken: ${shelf}: held 3, reservations add up to 2`)
  await db.foreign(`update stock set held = held - 1 where pharmacy = '${place.finess}'`)
})

t.test('a hand-over slipped in beyond the cap is named, and so is the head that it did not move', async (t) => {
  const entry = seededUuid()
  await db.foreign(`insert into ledger_entries (id, person_id, seq, kind, previous_hash, entry_hash, canonical, recorded_at,
      occurred_at, pharmacy, flags)
    select '${entry}', person_id, seq + 1, 'dispensation', entry_hash, entry_hash, '', recorded_at + interval '1 second',
      occurred_at, pharmacy, '{}' from ledger_entries`)
  await db.foreign(`insert into ledger_lines
    select '${entry}', position, person_id, product, 9, 9, counted_at, lot, rule_id, window_start, window_end, time_zone, cap, 0,
      0, false from ledger_lines`)
  t.same(await runCheck(db, 'check_i3'), [
    {
      invariant: 'I3',
      row: `ledger entry ${entry} line 0`,
      found: '5 received in the window, 2 held and 9 granted, cap 10',
    },
  ])
  t.match(await runCheck(db, 'check_heads'), [{ invariant: 'I3', found: 'seq 1, entries 2, last 2' }])
})
