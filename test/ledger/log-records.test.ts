import t from 'tap'
import { readClock } from '../../src/db/clock.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { openCheckpoint } from '../../src/domain/checkpoint.ts'
import { isIncluded } from '../../src/domain/merkle-proofs.ts'
import { runCheck } from '../../src/store/invariants.ts'
import { appendRecord, isRecorded } from '../../src/store/log-records.ts'
import { ALL, exportBundle, linesOf, verify } from '../support/bundle.ts'
import { makeSigner, publishLog } from '../support/log.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { db } = service
const world = await makeWorld(service)
const signer = makeSigner()
const place = await world.pharmacy(1)
const [nurse, colleague] = [await world.professional(1), await world.professional(2)]
must(201, await world.count(place, 100))

const record = (subject: string) =>
  inTransaction(db, async (tx) =>
    appendRecord(tx, { kind: 'test', subject, recordedAt: await readClock(tx), fields: ['é', 1, null] }),
  )
await record('first')
must(201, await world.dispense(place, nurse.id, 1))
await record('second')
must(201, await world.dispense(place, colleague.id, 1))
const newest = await publishLog(db, signer)
const size = openCheckpoint(newest, [signer])?.size ?? 0
const places = new Map(
  linesOf(await exportBundle(service)).entries.map(({ index, canonical }) => [JSON.parse(canonical)[4], index]),
)
const [first, second] = [places.get('first') ?? -1, places.get('second') ?? -1]

t.test('records stand among the entries of the log in the order in which they were made', async (t) => {
  const { entries } = linesOf(await exportBundle(service))
  t.strictSame(
    entries.map(({ index }) => index),
    [...Array(size).keys()],
  )
  t.equal(second, first + 2)
  t.equal(JSON.parse(entries[first]?.canonical ?? '')[0], 'gomask-record-v1')
  t.ok(await isRecorded(db, 'test', 'first'))
  t.notOk(await isRecorded(db, 'test', 'third'))
})

t.test('every bundle holds them, whatever was asked for, and proves them', async (t) => {
  for (const selection of [null, ALL, { ...ALL, professional: nurse.id }, { ...ALL, to: 0 }]) {
    const bundle = await exportBundle(service, selection)
    const indexes = linesOf(bundle).entries.map(({ index }) => index)
    t.ok(indexes.includes(first) && indexes.includes(second))
    t.match(verify(bundle), { header: { entries: indexes.length }, newest: { size } })
    const forged = verify(bundle.replace('\\"first\\",[\\"é\\",1', '\\"first\\",[\\"é\\",2'))
    t.match(forged, new RegExp(`^entry ${first}: its (sealed bytes were changed|proof does not lead)`))
  }
  const elsewhere = await service.token({ role: 'regulator', subject: 'ars-29', territories: ['FR-29'] })
  const { body } = must(200, await service.call('GET', '/v1/ledger/bundle', { token: elsewhere }))
  t.match(verify(body), { hidden: 0 })
  t.match(body, '\\"second\\"')
})

t.test('a bundle of the first format holds none', async (t) => {
  const old = (await exportBundle(service)).replace('gomask-bundle-v2', 'gomask-bundle-v1')
  t.match(verify(old), /^entry \d+: the bundle’s format has no such entries/)
})

t.test('anybody who reads the log is given the proof of a record', async (t) => {
  const [, id] = JSON.parse(linesOf(await exportBundle(service)).entries[second]?.canonical ?? '')
  const path = `/v1/ledger/inclusion-proof?entry=${id}`
  const { body } = must(200, await service.call('GET', path, { token: colleague.token }))
  const hashes = body.hashes.map((hash: string) => Buffer.from(hash, 'base64'))
  const { root } = openCheckpoint(newest, [signer]) as { root: Buffer }
  t.ok(isIncluded(Buffer.from(body.entryHash, 'base64'), { index: second, size }, hashes, root))
})

t.test('a record that is edited, taken out of the queue or deleted is found', async (t) => {
  const row = 'log record test second'
  const check = async (name: string) => (await runCheck(db, name)).map((breach) => `${breach.row}: ${breach.found}`)
  t.same([...(await check('check_records')), ...(await check('check_log_records'))], [])
  await tamper(service, `update log_records set kind = 'other' where subject = 'second'`)
  t.same(await check('check_records'), [
    'log record other second: its stored columns differ from the sealed bytes (kind)',
  ])
  await tamper(service, `update log_records set kind = 'test' where subject = 'second'`)

  await record('third')
  await tamper(service, 'delete from log_pending')
  t.same(await check('check_log_records'), ['log record test third: neither in the log nor waiting for its place'])
  await tamper(service, `delete from log_records where subject = 'third'`)

  await tamper(
    service,
    `update log_records set canonical = convert_to(replace(convert_from(canonical, 'UTF8'), '1,null', '2,null'), 'UTF8')
    where subject = 'second'`,
  )
  t.same(await check('check_records'), [`${row}: its hash is not that of its sealed bytes`])
  t.match(
    verify(await exportBundle(service)),
    `entry ${second}: its sealed bytes were changed: the log holds another hash`,
  )
  await tamper(
    service,
    `update log_records set entry_hash = sha256('\\x00'::bytea || canonical) where subject = 'second'`,
  )
  t.match(
    verify(await exportBundle(service)),
    `entry ${second}: its sealed bytes were changed: the log holds another hash`,
  )

  await tamper(service, `delete from log_records where subject = 'second'`)
  const whole = await exportBundle(service)
  t.equal(verify(whole), `entry ${second}: it is missing: the next is entry ${second + 1}`)
  t.match(verify(await exportBundle(service, ALL)), /^the bundle breaks off after \d+ of \d+ entries/)
})
