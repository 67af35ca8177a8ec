import t, { type Test } from 'tap'
import { inTransaction } from '../../src/db/transaction.ts'
import { openCheckpoint, signCheckpoint } from '../../src/domain/checkpoint.ts'
import { grow, leafHash, rootOfEdge } from '../../src/domain/merkle.ts'
import { isConsistent } from '../../src/domain/merkle-proofs.ts'
import { LogDiverged } from '../../src/jobs/ledger/publish.ts'
import { sequenceAndPublish } from '../../src/jobs/ledger/sequencer.ts'
import { readLogState, sequenceBatch } from '../../src/store/log.ts'
import { onServerOnly } from '../support/database.ts'
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

/** A service with three published entries, and one more that has no place yet. */
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

t.test('the tail of the log cut off: nothing is sequenced or signed any more (fault 54)', async (t) => {
  const { service, world, job, kept } = await threePublished(t)
  await tamper(service, ...CUT)
  await t.rejects(
    sequenceAndPublish(job),
    new LogDiverged('the database holds 2 entries of the log, and a checkpoint of 3 was published'),
  )
  t.equal((await readLogState(service.db.orm)).size, 2, 'the new entry waits')
  t.same(await checkpointOf(service, world), kept)

  await t.test('nor when the database’s own checkpoints were cut too: the folder knows', async (t) => {
    await tamper(service, 'delete from log_checkpoints')
    await t.rejects(
      sequenceAndPublish(job),
      new LogDiverged('the database holds 2 entries of the log, and a checkpoint of 3 was published'),
    )
  })
  await t.test('nor when the folder was lost: the database’s own know', async (t) => {
    const { service } = await threePublished(t)
    await tamper(service, ...CUT)
    await t.rejects(sequenceAndPublish(await ledgerJob(t, service)), /a checkpoint of 3 was published/)
  })
})

t.test('history rewritten in the database: nothing is signed over it (fault 55)', async (t) => {
  const { service, job } = await threePublished(t)
  await rewrite(service)
  await t.rejects(
    sequenceAndPublish(job),
    new LogDiverged('the first 3 entries of the log are not those that were published'),
  )
})

t.test(
  'history rewritten and signed again with the real key: whoever kept a checkpoint finds it (fault 55)',
  async (t) => {
    const { service, world, kept } = await threePublished(t)
    await rewrite(service, { andSign: true })
    // The insider has a folder that says so too.
    const job = await ledgerJob(t, service)
    await sequenceAndPublish(job)
    const forged = await checkpointOf(service, world)
    t.equal(forged.size, 4)
    const { body } = await service.call('GET', '/v1/ledger/consistency-proof?from=3', { token: world.regulator })
    const proof = body.hashes.map((hash: string) => Buffer.from(hash, 'base64'))
    t.notOk(isConsistent(kept, forged, proof))
  },
)

t.test('a checkpoint that the log’s keys did not sign stops the signing', async (t) => {
  const { service, job } = await threePublished(t)
  const stranger = makeSigner('test')
  await job.folder.keep(signCheckpoint({ origin: 'test', size: 3, root: Buffer.alloc(32) }, [stranger]))
  await t.rejects(
    sequenceAndPublish(job),
    new LogDiverged('the last checkpoint kept outside the database is not signed by a key of this log'),
  )
  await tamper(service, `insert into log_keys (verifier_key) values ('${stranger.line}')`)
  await t.rejects(sequenceAndPublish(job), /are not those that were published/, 'nor does a key slipped in help')
})

t.test('a log that is given another name stops the signing', async (t) => {
  const { service, folder } = await threePublished(t)
  const renamed = await ledgerJob(t, service, { folder, signers: [makeSigner('other')] })
  await t.rejects(
    sequenceAndPublish(renamed),
    new LogDiverged('the last checkpoint is of the log test, and LEDGER_ORIGIN says other'),
  )
})

t.test('a crash between the folder and the database loses no checkpoint', async (t) => {
  const { service, world, job } = await threePublished(t)
  await sequenceAndPublish(job)
  const newest = await checkpointOf(service, world)
  await tamper(service, 'delete from log_checkpoints where size = 4')
  await sequenceAndPublish(job)
  t.same(await checkpointOf(service, world), newest, 'what was kept outside is published again')
  const other = await ledgerJob(t, service)
  await sequenceAndPublish(other)
  t.equal(await other.folder.newest(), await job.folder.newest(), 'an instance that joins keeps what was published')
})

t.test(
  'two sequencers at once: one advances, and every entry has one place (fault 57)',
  { skip: onServerOnly },
  async (t) => {
    const { service, dispense } = await threePublished(t)
    for (const round of range(10)) {
      await Promise.all(range(3).map(dispense))
      // Without the advisory lock: the primary key and the conditional update alone.
      await atOnce(range(4), () => inTransaction(service.db, sequenceBatch))
      const { rows } = await service.db.foreign(
        `select count(*)::int as leaves, count(distinct entry_id)::int as entries, max(index)::int + 1 as size,
         (select size::int from log_state) as state, (select count(*)::int from log_pending) as pending from log_leaves`,
      )
      const size = 4 + 3 * (round + 1)
      t.same(rows, [{ leaves: size, entries: size, size, state: size, pending: 0 }])
    }
  },
)

/** Alters the first entry and everything that follows from it. */
async function rewrite(service: Service, { andSign = false } = {}): Promise<void> {
  const { rows } = await service.db.foreign(
    `select e.id, convert_from(e.canonical, 'UTF8') as canonical from log_leaves l join ledger_entries e on e.id = l.entry_id order by index`,
  )
  const forged = (rows as { id: string; canonical: string }[]).map(({ id, canonical }, nth) => {
    const bytes = Buffer.from(nth === 0 ? canonical.replace('"dispensation"', '"reversal"') : canonical)
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
