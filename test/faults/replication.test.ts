import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import t from 'tap'
import { FIRST_RECORDS } from '../support/log.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { seededUuid } from '../support/seed.ts'
import type { Answer } from '../support/service.ts'
import { reasonToSkipStandby, rowsOf, startPair } from '../support/standby.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = await reasonToSkipStandby()
const UNKNOWN = { status: 503, body: { code: 'outcome_unknown' } }

t.test('what a standby does not have is not acknowledged, and a fail-over loses nothing', { skip }, async (t) => {
  const { url, standbyUrl, primary, standby, freeze, promote } = await startPair(t, { synchronous: true })
  const dataDir = await makeFolder(t)
  const server = makeServer(t, { DATABASE_URL: url }, dataDir)
  await server.start()
  const world = await makeWorld(server, 1_000)
  const [place, nurse] = [await world.pharmacy(1), await world.professional(1)]
  must(201, await world.count(place, 100))
  const hold = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })).body
  const acknowledged = must(201, await world.dispense(place, nurse.id, 1)).body
  const published = async () => {
    const [, size] = (await readFile(join(dataDir, 'checkpoints', 'checkpoint'), 'utf8')).split('\n')
    return Number(size) - FIRST_RECORDS
  }
  await until('it was never published', async () => (await published()) === 1)

  const thaw = await freeze()
  const dispense = (key: string, quantity: number) => {
    const body = dispensationBody(nurse.id, quantity)
    return server.call('POST', '/v1/dispensations', { token: place.token, key, body })
  }
  const cancel = () => server.call('POST', `/v1/reservations/${hold.id}/cancellation`, { token: nurse.token, body: {} })
  const key = seededUuid()

  await t.test('503: a write, and each retry of it with its key, though the row can be seen', async (t) => {
    for (const which of ['the write', 'a retry', 'another retry']) {
      t.match(await endedWhileWaiting(primary, () => dispense(key, 2)), UNKNOWN, which)
    }
    t.equal((await rowsOf(primary, 'select from ledger_entries')).length, 2)
  })

  await t.test('503: a delivery and a count, and a retry of each', async (t) => {
    const at = new Date().toISOString()
    const delivery = { product: 'surgical', kind: 'delivery', quantity: 5, occurredAt: at }
    const shelf = `/v1/pharmacies/${place.finess}`
    const sent = { token: place.token, key: seededUuid() }
    const counted = { token: place.token, key: seededUuid() }
    const deliver = () => server.call('POST', `${shelf}/stock-movements`, { ...sent, body: delivery })
    const count = () => server.call('PUT', `${shelf}/stock/ffp2`, { ...counted, body: { onHand: 7, countedAt: at } })
    for (const write of [deliver, deliver, count, count]) {
      t.match(await endedWhileWaiting(primary, write), UNKNOWN)
    }
    const known = `select kind, change from stock_movements where kind = 'delivery' or product = 'ffp2'`
    t.equal((await rowsOf(primary, known)).length, 2, 'both can be seen here')
  })

  await t.test('503: a cancellation, and what repeats it without a key', async (t) => {
    t.match(await endedWhileWaiting(primary, cancel), UNKNOWN)
    t.match(await endedWhileWaiting(primary, cancel), UNKNOWN, 'it is cancelled here already')
    t.same(await rowsOf(primary, 'select status from reservations'), [{ status: 'cancelled' }])
  })

  await t.test('no checkpoint is published over places that this host alone knows', async (t) => {
    const sized = async () => (await rowsOf(primary, 'select size::int from log_state'))[0]?.size
    await until('the entry never got its place', async () => {
      await endWaiting(primary)
      return (await sized()) === FIRST_RECORDS + 2
    })
    for (const _ of [1, 2, 3]) await until('nothing waits', async () => (await endWaiting(primary)) > 0)
    t.equal(await published(), 1)
  })

  await t.test('the standby, promoted, has all that was acknowledged, and takes what was not', async (t) => {
    server.signal('SIGKILL')
    await server.ended()
    await promote()
    t.same(await rowsOf(standby, 'select id from ledger_entries'), [{ id: acknowledged.id }])
    t.same(await rowsOf(standby, 'select status from reservations'), [{ status: 'held' }])
    await server.start({ DATABASE_URL: standbyUrl })
    t.match(await dispense(key, 2), { status: 201, headers: { 'idempotency-replayed': undefined } })
    t.match(await dispense(key, 2), { status: 201, headers: { 'idempotency-replayed': 'true' } })
    t.equal((await cancel()).body.status, 'cancelled')
    await until('the ledger does not go on', async () => (await published()) === 2)
  })
  await thaw()
})

/** Makes a call, and ends every connection that waits for the standby until it has been answered. */
async function endedWhileWaiting(primary: pg.Client, call: () => Promise<Answer>): Promise<Answer> {
  let answer: Answer | undefined
  const calling = call().then((each) => {
    answer = each
  })
  await until('the call neither waits for the standby nor is answered', async () => {
    await endWaiting(primary)
    return answer !== undefined
  })
  await calling
  return answer as unknown as Answer
}

/** Ends the connections that wait for the standby, and answers how many there were. */
async function endWaiting(primary: pg.Client): Promise<number> {
  const waiting = `select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`
  return (await rowsOf(primary, waiting)).length
}
