import t from 'tap'
import { sequenceAndPublish } from '../../src/jobs/ledger/sequencer.ts'
import { ALL, exportBundle, verify } from '../support/bundle.ts'
import { order, someone, underRule } from '../support/erasure.ts'
import { ledgerJob } from '../support/ledger.ts'
import { adeli, rpps } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t, { LEDGER_RETENTION_DAYS: 0 })
const job = await ledgerJob(t, service)
const world = await makeWorld(service, null)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))
const put = (id: string, body: object) =>
  service.call('PUT', `/v1/professionals/${id}`, { token: world.admin, body, key: true })

t.test('after an erasure the log verifies: erased, commitment intact', async (t) => {
  must(201, await put(rpps(1), someone))
  must(201, await put(adeli(1), someone))
  must(201, await put(rpps(2), someone))
  await underRule(service, world, async () => {
    must(201, await world.dispense(place, rpps(1), 1))
    must(201, await world.dispense(place, rpps(2), 1))
    must(201, await world.dispense(place, adeli(1), 1))
    must(200, await put(rpps(1), { ...someone, otherIds: [adeli(1)] }))
  })
  await sequenceAndPublish(job)
  t.match(verify(await exportBundle(service)), { erased: 0 })
  must(
    200,
    await service.call('POST', `/v1/professionals/${rpps(1)}/erasure`, { token: world.admin, key: true, body: order }),
  )
  t.match(verify(await exportBundle(service)), /^entry 1: its payload is gone/, 'before the next checkpoint')
  await sequenceAndPublish(job)
  t.match(verify(await exportBundle(service)), { erased: 4, unproved: 0 })
  t.match(verify(await exportBundle(service, ALL)), { erased: 4, unproved: 0 })
  t.match(verify(await exportBundle(service, { ...ALL, pharmacy: place.finess })), { erased: 2, unproved: 2 })
  await tamper(
    service,
    `delete from ledger_payloads where entry_id = (select entry_id from log_leaves where index = 2)`,
  )
  t.match(verify(await exportBundle(service)), /^entry 2: its payload is gone, and no erasure entry of its person/)
})
