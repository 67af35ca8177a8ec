import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import t, { type Test } from 'tap'
import { inTransaction } from '../../src/db/transaction.ts'
import { openCheckpoint, signCheckpoint } from '../../src/domain/checkpoint.ts'
import { iso } from '../../src/domain/instant.ts'
import { grow, leafHash, rootOfEdge } from '../../src/domain/merkle.ts'
import { isConsistent } from '../../src/domain/merkle-proofs.ts'
import { type LedgerJob, LogDiverged } from '../../src/jobs/ledger/publish.ts'
import { type LedgerStatus, sequenceAndPublish, startSequencer } from '../../src/jobs/ledger/sequencer.ts'
import { readLogState, sequenceBatch } from '../../src/store/merkle-log.ts'
import { rootAt } from '../../src/store/merkle-log-proofs.ts'
import { onServerOnly } from '../support/database.ts'
import { overheardLogger } from '../support/leaks.ts'
import { ledgerJob } from '../support/ledger.ts'
import { makeFolder } from '../support/process.ts'
import { makeSigner, type Service, startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { atOnce, range } from '../support/tally.ts'
import { makeWorld, must, type World } from '../support/world.ts'

const CUT = [
  'delete from log_leaves where index >= 2',
  'update log_tiles set hashes = substr(hashes, 1, 64)',
  'update log_state set size = 2',
]

/**
 * A service with three published entries, and one more that has no place yet. Before them the log holds the rule, and
 * after them that rules and links are recorded by now.
 */
async function threePublished(t: Test) {
  const service = await startService(t)
  const world = await makeWorld(service, 1_000)
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 10_000))
  const dispense = async () => must(201, await world.dispense(place, nurse.id, 1)).body
  for (const _ of range(3)) await dispense()
  const folder = await makeFolder(t)
  const job = await ledgerJob(t, service, { folder })
  await sequenceAndPublish(job)
  const kept = await checkpointOf(service, world)
  await dispense()
  return { service, world, job, folder, kept, dispense }
}

async function checkpointOf({ call, signers }: Service, { regulator }: World) {
  const note = must(200, await call('GET', '/v1/ledger/checkpoint', { token: regulator })).body
  const opened = openCheckpoint(note, signers)
  if (!opened) throw new Error('the checkpoint is not signed by this log')
  return opened
}

t.test('the log is only ever continued', async (t) => {
  const { service, world, job, folder, kept } = await threePublished(t)
  const refusal = (message: string) => t.rejects(sequenceAndPublish(job), new LogDiverged(message))

  await t.test('a log that is given another name is not signed', async (t) => {
    const renamed = await ledgerJob(t, service, { folder, signers: [makeSigner('other')] })
    const message = 'the last checkpoint is of the log test, and LEDGER_ORIGIN says other'
    await t.rejects(sequenceAndPublish(renamed), new LogDiverged(message))
  })
  t.equal((await readLogState(service.db)).size, 6, 'the new entry waits')

  await t.test('a crash between the folder and the database loses no checkpoint', async (t) => {
    await sequenceAndPublish(job)
    const newest = await checkpointOf(service, world)
    await tamper(service, 'delete from log_checkpoints where size = 7')
    await sequenceAndPublish(job)
    t.same(await checkpointOf(service, world), newest, 'what was kept outside is published again')
    const other = await ledgerJob(t, service)
    await sequenceAndPublish(other)
    t.equal(await other.folder.newest(), await job.folder.newest(), 'an instance that joins keeps what was published')
  })

  await t.test('a checkpoint that the log’s keys did not sign stops the signing', async (t) => {
    const stranger = makeSigner('test')
    const deceived = await ledgerJob(t, service)
    await deceived.folder.keep(signCheckpoint({ origin: 'test', size: 3, root: Buffer.alloc(32) }, [stranger]))
    const unsigned = 'the last checkpoint kept outside the database is not signed by a key of this log'
    await t.rejects(sequenceAndPublish(deceived), new LogDiverged(unsigned))
    await tamper(service, `insert into log_keys (verifier_key) values ('${stranger.line}')`)
    await t.rejects(sequenceAndPublish(deceived), /are not those that were published/, 'nor does a key slipped in help')
  })

  await t.test('the tail of the log cut off: nothing is sequenced or signed any more', async (t) => {
    const newest = await checkpointOf(service, world)
    await tamper(service, ...CUT)
    const message = 'the database holds 2 entries of the log, and a checkpoint of 7 was published'
    await refusal(message)
    t.same(await checkpointOf(service, world), newest)
    const bereft = await ledgerJob(t, service)
    await t.rejects(sequenceAndPublish(bereft), new LogDiverged(message), 'nor when the folder was lost')
    await tamper(service, 'delete from log_checkpoints')
    await refusal(message)
    t.ok(kept.size < newest.size)
  })
})

t.test('a fail-over behind a checkpoint that had left the database', async (t) => {
  const { service, world, job, dispense } = await threePublished(t)
  await dispense()
  // As on a standby that has the entries and never heard of their places.
  const note = await checkpointOfUnreplicated(job, service)
  await job.folder.keep(note)

  await t.test('entries that wait are placed as far as was published, and the log goes on', async (t) => {
    await sequenceAndPublish(job)
    t.equal((await checkpointOf(service, world)).size, 8)
    t.equal(await job.folder.newest(), note)
    await dispense()
    await sequenceAndPublish(job)
    t.equal((await checkpointOf(service, world)).size, 9)
  })

  await t.test('nothing is placed, and nothing signed, when those that wait are not those published', async (t) => {
    for (const _ of range(2)) await dispense()
    await job.folder.keep(await checkpointOfUnreplicated(job, service))
    await tamper(
      service,
      `with first as (
         delete from log_pending where position = (select min(position) from log_pending) returning entry_id
       ) insert into log_pending (entry_id) select entry_id from first`,
    )
    const message = 'the first 11 entries of the log are not those that were published'
    await t.rejects(sequenceAndPublish(job), new LogDiverged(message))
    t.equal((await readLogState(service.db)).size, 9)
  })
})

/** The checkpoint over all entries that wait, whose sequencing is lost. */
async function checkpointOfUnreplicated({ db, signers }: LedgerJob, { signers: [signer] }: Service): Promise<string> {
  let note = ''
  const lost = new Error('lost')
  await inTransaction(db, async (tx) => {
    await sequenceBatch(tx)
    const { size } = await readLogState(tx)
    note = signCheckpoint({ origin: signer.name, size, root: await rootAt(tx, size) }, signers)
    throw lost
  }).catch((error) => {
    if (error !== lost) throw error
  })
  return note
}

t.test('a folder that does not keep what is published', async (t) => {
  const { service, job, folder, dispense } = await threePublished(t)

  await t.test('one that is empty although checkpoints were published is said to be, once', async (t) => {
    const { lines, reported } = await runUntil(t, await ledgerJob(t, service), ({ size }) => size === 7)
    t.equal(lines.filter((line) => line.includes('CHECKPOINT_DIR holds no checkpoint')).length, 1)
    t.match(reported, { publishedSize: 7, refused: false })
    const known = await runUntil(t, job, () => true)
    t.notMatch(known.lines.join(''), 'CHECKPOINT_DIR')
  })

  await t.test('one that takes no more: the entries that no checkpoint covers are reported', async (t) => {
    await dispense()
    // Nothing can be appended to the files of today and tomorrow, as if the disk were full.
    for (const ms of [0, 24 * 3_600_000]) {
      const file = join(folder, `${iso(Date.now() + ms).slice(0, 10)}.txt`)
      await rm(file, { force: true })
      await mkdir(file)
    }
    const { lines, reported } = await runUntil(t, job, ({ size }) => size === 8)
    t.match(lines.join(''), 'the ledger could not be sequenced')
    t.match(reported, { size: 8, publishedSize: 7 })
  })
})

/** Runs the sequencer until it reports what is waited for. */
async function runUntil(
  t: Test,
  job: LedgerJob,
  isReached: (status: LedgerStatus) => boolean,
): Promise<{ lines: string[]; reported: LedgerStatus }> {
  const lines: string[] = []
  const { promise, resolve } = Promise.withResolvers<LedgerStatus>()
  const report = (status: LedgerStatus) => (isReached(status) ? resolve(status) : undefined)
  const { stop } = startSequencer(job, { seconds: 1, log: overheardLogger(lines) as Logger, report })
  t.teardown(stop)
  const reported = await promise
  await stop()
  return { lines, reported }
}

t.test('history rewritten', async (t) => {
  const { service, world, job, kept } = await threePublished(t)

  await t.test('in the database alone: nothing is signed over it', async (t) => {
    await rewrite(service)
    const message = 'the first 6 entries of the log are not those that were published'
    await t.rejects(sequenceAndPublish(job), new LogDiverged(message))
  })

  await t.test('and signed again with the real key: whoever kept a checkpoint finds it', async (t) => {
    await rewrite(service, { andSign: true })
    // The insider has a folder that says so too.
    await sequenceAndPublish(await ledgerJob(t, service))
    const forged = await checkpointOf(service, world)
    t.equal(forged.size, 7)
    const { body } = await service.call('GET', '/v1/ledger/consistency-proof?from=6', { token: world.regulator })
    const proof = body.hashes.map((hash: string) => Buffer.from(hash, 'base64'))
    t.notOk(isConsistent(kept, forged, proof))
  })
})

t.test('two sequencers at once: one advances, and every entry has one place', { skip: onServerOnly }, async (t) => {
  const { service, dispense } = await threePublished(t)
  for (const round of range(10)) {
    await Promise.all(range(3).map(dispense))
    // Without the advisory lock: the primary key and the conditional update alone.
    await atOnce(range(4), () => inTransaction(service.db, sequenceBatch))
    const { rows } = await service.db.foreign(
      `select count(*)::int as leaves, count(distinct entry_id)::int as entries, max(index)::int + 1 as size,
         (select size::int from log_state) as state, (select count(*)::int from log_pending) as pending from log_leaves`,
    )
    const size = 7 + 3 * (round + 1)
    t.same(rows, [{ leaves: size, entries: size - 3, size, state: size, pending: 0 }])
  }
})

/** Alters the first hand-over and everything that follows from it. */
async function rewrite(service: Service, { andSign = false } = {}): Promise<void> {
  const { rows } = await service.db.foreign(
    `select coalesce(e.id, r.id) as id, convert_from(coalesce(e.canonical, r.canonical), 'UTF8') as canonical from log_leaves l
       left join ledger_entries e on e.id = l.entry_id left join log_records r on r.id = l.record_id order by index`,
  )
  const forged = (rows as { id: string; canonical: string }[]).map(({ id, canonical }, nth) => {
    const bytes = Buffer.from(nth === 1 ? canonical.replace('"dispensation"', '"reversal"') : canonical)
    return { id, bytes, hash: leafHash(bytes) }
  })
  const { edge, tiles } = grow(
    { size: 0, levels: [] },
    forged.map(({ hash }) => hash),
  )
  const root = rootOfEdge(edge)
  const note = signCheckpoint({ origin: 'test', size: edge.size, root }, service.signers)
  await tamper(
    service,
    ...forged.map(
      ({ id, bytes, hash }) =>
        `update ledger_entries set canonical = '\\x${bytes.toString('hex')}', entry_hash = '\\x${hash.toString('hex')}' where id = '${id}'`,
    ),
    ...tiles.map(
      ({ level, index, hashes }) =>
        `update log_tiles set hashes = '\\x${Buffer.concat(hashes).toString('hex')}' where (level, index) = (${level}, ${index})`,
    ),
    `update log_state set root = '\\x${root.toString('hex')}'`,
    ...(andSign ? [`update log_checkpoints set note = '${note}'`] : []),
  )
}
