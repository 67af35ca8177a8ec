import t from 'tap'
import { runCheck } from '../../../src/store/invariants.ts'
import { refusalsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service)

t.test('a person who received more than an integer holds is judged all the same', async (t) => {
  const [place, nurse] = [await world.pharmacy(1), await world.professional(1)]
  must(201, await world.count(place, 100))
  must(201, await world.dispense(place, nurse.id, 1))
  await db.foreign(`insert into ledger_lines
    select entry_id, n, person_id, product, 1000000, 1000000, counted_at, lot, rule_id, window_start, window_end, time_zone, cap, 0, 0,
      true
    from ledger_lines, generate_series(1, 2200) n`)
  t.match(await world.dispense(place, nurse.id, 1), { status: 409, body: { code: 'entitlement_exceeded' } })
  t.match(await refusalsOn(db, nurse.id), [{ code: 'entitlement_exceeded' }])
  const override = { reasonCode: 'emergency' }
  const { id } = must(201, await world.dispense(place, nurse.id, 1, { override })).body
  const breaches = await runCheck(db, 'check_i3')
  t.notMatch(JSON.stringify(breaches), id, 'the check adds up in the same way')
  const { items } = (await call('GET', '/v1/entitlements/me', { token: nurse.token })).body
  t.match(items, [
    { received: 1_000_000_000, remaining: 0 },
    { received: 1_000_000_000, remaining: 0 },
  ])
  const lines = [{ product: 'surgical', quantity: 1 }]
  const body = { kind: 'returned', lines }
  must(201, await call('POST', `/v1/dispensations/${id}/reversal`, { token: place.token, key: true, body }))
})
