import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { rows } from '../../src/db/query.ts'
import { openServer } from '../../src/db/server.ts'
import { sql } from '../../src/db/sql.ts'
import { type Checkpoint, openCheckpoint } from '../../src/domain/checkpoint.ts'
import { isConsistent, isIncluded } from '../../src/domain/merkle-proofs.ts'
import { sequenceAndPublish } from '../../src/jobs/ledger/sequencer.ts'
import { onServerOnly, PATIENT } from '../support/database.ts'
import { ledgerJob } from '../support/ledger.ts'
import { makeFolder } from '../support/process.ts'
import { type Service, startService } from '../support/service.ts'
import { range } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { makeWorld, must } from '../support/world.ts'

const CALLERS = 16
const RECORDS = 3 // The rule, and that rules and links are recorded by now.
const FOLLOWED = 6 // Checkpoints, each of which continues the one before.

t.test('sixteen counters dispense while two sequencers run and a reader follows', { skip: onServerOnly }, async (t) => {
  const service = await startService(t)
  const world = await makeWorld(service, 1_000_000)
  const places = await Promise.all(range(CALLERS).map((n) => world.pharmacy(n + 1)))
  const people = await Promise.all(range(CALLERS * 2).map((n) => world.professional(n + 1)))
  for (const place of places) must(201, await world.count(place, 1_000_000))

  // Each sequencer has connections and a folder of its own, as on two machines.
  const second = openServer(service.url ?? '', { connections: 2, timeouts: PATIENT, onError: () => {} })
  t.teardown(() => second.close())
  const jobs = [
    await ledgerJob(t, service),
    await ledgerJob(t, { db: second, signers: service.signers }, { folder: await makeFolder(t) }),
  ]
  const working = new AbortController()
  const sequencers = jobs.map(async (job) => {
    while (!working.signal.aborted) {
      await sequenceAndPublish(job)
      await pause(300)
    }
  })

  const reader = { token: world.regulator }
  const seen: Checkpoint[] = []
  const follow = async () => {
    const now = await checkpointOf(service, reader)
    const last = seen.at(-1)
    if (!now || now.size === last?.size) return
    if (last) {
      const path = `/v1/ledger/consistency-proof?from=${last.size}&to=${now.size}`
      const { hashes } = must(200, await service.call('GET', path, reader)).body
      t.ok(isConsistent(last, now, bytes(hashes)), `the checkpoint of ${now.size} continues that of ${last.size}`)
    }
    seen.push(now)
  }

  // However fast the machine is, the counters go on until the reader has followed so many checkpoints.
  const isOver = () => seen.length >= FOLLOWED
  const acknowledged: { id: string; entryHash: string }[] = []
  const counters = places.map(async (place, n) => {
    for (let round = 0; !isOver(); round++) {
      const person = people[(n + round * 5) % people.length]
      acknowledged.push(must(201, await world.dispense(place, person?.id ?? '', 1)).body)
    }
  })
  const following = (async () => {
    while (!isOver()) {
      await follow()
      await pause(500)
    }
  })()
  await Promise.all([...counters, following])

  await until('an acknowledged entry was in no checkpoint', async () => {
    return (await checkpointOf(service, reader))?.size === acknowledged.length + RECORDS
  })
  working.abort()
  await Promise.all(sequencers)
  await follow()
  t.comment(`${acknowledged.length} entries, ${seen.length} checkpoints followed`)

  await t.test('each acknowledged entry has one place in the log', async (t) => {
    const leaves = await rows<{ id: string }>(
      service.db,
      'leaves',
      sql`select entry_id as id from log_leaves where entry_id is not null order by index`,
    )
    t.same(leaves.map(({ id }) => id).sort(), acknowledged.map(({ id }) => id).sort())
  })
  await t.test('and is proved to be in the last checkpoint', async (t) => {
    const last = seen.at(-1)
    if (!last) throw new Error('there is a checkpoint')
    for (const { id, entryHash } of acknowledged.filter((_, n) => n % 50 === 0)) {
      const { body } = must(200, await service.call('GET', `/v1/ledger/inclusion-proof?entry=${id}`, reader))
      t.ok(isIncluded(Buffer.from(entryHash, 'base64'), body, bytes(body.hashes), last.root))
    }
  })
})

async function checkpointOf({ call, signers }: Service, sent: { token: string }): Promise<Checkpoint | undefined> {
  const { status, body } = await call('GET', '/v1/ledger/checkpoint', sent)
  return status === 200 ? openCheckpoint(body, signers) : undefined
}

function bytes(hashes: string[]): Buffer[] {
  return hashes.map((hash) => Buffer.from(hash, 'base64'))
}
