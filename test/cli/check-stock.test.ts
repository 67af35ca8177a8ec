import t from 'tap'
import { runCheck } from '../../src/store/invariants.ts'
import { invariantsHold } from '../support/invariants.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { minutesAgo } from '../support/times.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
const shelf = `stock ${place.finess} surgical`
const counted = (onHand: number, minutes: number) =>
  call('PUT', `/v1/pharmacies/${place.finess}/stock/surgical`, {
    token: place.token,
    body: { onHand, countedAt: minutesAgo(minutes) },
  })
must(201, await counted(100, 5))
const slip = must(201, await world.dispense(place, nurse.id, 5, { dispensedAt: minutesAgo(4) })).body.id
must(200, await counted(100, 3))
const body = { kind: 'entry_error' }
const reversal = must(
  201,
  await call('POST', `/v1/dispensations/${slip}/reversal`, { token: place.token, key: true, body }),
)
const ofEntry = (entry: string) => `where entry_id = '${entry}' and kind <> 'count_absorbed'`

t.test('a slip reversed after a count is what the checks expect', (t) => invariantsHold(t, db))

t.test('a line without its movement is named, and so is a movement of more than the line', async (t) => {
  const row = `ledger entry ${slip} surgical`
  await tamper(service, `update stock_movements set change = -7 ${ofEntry(slip)}`)
  t.same(await runCheck(db, 'check_i2_entries'), [{ invariant: 'I2', row, found: 'lines of 5 masks, movements of 7' }])
  await tamper(service, `update stock_movements set change = -5, kind = 'loss' ${ofEntry(slip)}`)
  t.same(await runCheck(db, 'check_i2_entries'), [{ invariant: 'I2', row, found: 'lines of 5 masks, movements of 0' }])
  await tamper(service, `update stock_movements set kind = 'dispensation' ${ofEntry(slip)}`)
  t.same(await runCheck(db, 'check_i2_entries'), [])
})

t.test(
  'a movement that the count has seen and nothing took back is named, and so is one taken back wrongly',
  async (t) => {
    const set = (what: string) => tamper(service, `update stock_movements set ${what} where kind = 'count_absorbed'`)
    const named = async () => (await runCheck(db, 'check_i2_absorbed')).map(({ found }) => found)
    await set('change = -4')
    t.same(await named(), ['reversal of 5, seen by a count, followed by count_absorbed of -4'])
    await set(`change = -5, version = version + 100`)
    t.same(await named(), [])
    await tamper(
      service,
      `update stock_movements set occurred_at = occurred_at + interval '4 minutes' ${ofEntry(reversal.body.id)}`,
    )
    t.same(
      await named(),
      ['reversal of 5, not seen by a count, followed by count_absorbed of -5'],
      'it came after the count',
    )
    await tamper(service, `delete from stock_movements where kind = 'count_absorbed'`)
    t.same(await named(), [])
    await tamper(
      service,
      `update stock_movements set occurred_at = occurred_at - interval '4 minutes' ${ofEntry(reversal.body.id)}`,
    )
    t.same(await named(), ['reversal of 5, seen by a count, followed by nothing'])
  },
)

t.test('a slip of an earlier release that is counted twice is named until the next count', async (t) => {
  await tamper(service, `update stock_movements set occurred_at = recorded_at ${ofEntry(reversal.body.id)}`)
  t.same(await runCheck(db, 'check_i2_slips'), [
    { invariant: 'I2', row: shelf, found: `5 masks of the slip ${slip} are counted twice: count again` },
  ])
  t.same(await runCheck(db, 'check_i2_absorbed'), [], 'of which its time alone says nothing')
  must(200, await counted(100, 0))
  t.same(await runCheck(db, 'check_i2_slips'), [])
})
