import t from 'tap'
import { openCheckpoint, openReceipt } from '../../../src/domain/checkpoint.ts'
import { isConsistent, isIncluded } from '../../../src/domain/merkle-proofs.ts'
import { verifierOf } from '../../../src/domain/signed-note.ts'
import { sequenceAndPublish } from '../../../src/jobs/ledger/sequencer.ts'
import { ledgerJob } from '../../support/ledger.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'

const HOUR_MS = 3_600_000
const bytes = (hashes: string[]) => hashes.map((hash) => Buffer.from(hash, 'base64'))

t.test('the log and its proofs', async (t) => {
  const service = await startService(t)
  const { call } = service
  const job = await ledgerJob(t, service)
  const world = await makeWorld(service)
  const [here, elsewhere] = [await world.pharmacy(1), await world.pharmacy(2)]
  const [nurse, other] = [await world.professional(1), await world.professional(2)]
  must(201, await world.count(here, 1_000))
  const token = world.regulator

  const keys = await call('GET', '/v1/ledger/key', { token })
  const verifiers = keys.body.split('\n').flatMap((line: string) => verifierOf(line) ?? [])
  const checkpoint = async () => {
    const note = must(200, await call('GET', '/v1/ledger/checkpoint', { token })).body
    const opened = openCheckpoint(note, verifiers)
    if (!opened) throw new Error(`not a checkpoint of this log: ${note}`)
    return { note, ...opened }
  }
  const proof = (entry: string, bearer = token) =>
    call('GET', `/v1/ledger/inclusion-proof?entry=${entry}`, { token: bearer })

  await t.test('404: there is no checkpoint before the first is signed', async (t) => {
    t.match(await call('GET', '/v1/ledger/checkpoint', { token }), { status: 404, body: { code: 'not_found' } })
    t.match(await call('GET', '/v1/ledger/consistency-proof?from=1', { token }), { status: 404 })
    t.equal(verifiers.length, 1)
  })

  const first = must(201, await world.dispense(here, nurse.id, 1)).body

  await t.test(
    '201: a dispensation and a reversal each come with a receipt that the ledger’s key has signed',
    async (t) => {
      const back = await call('POST', `/v1/dispensations/${first.id}/reversal`, {
        token: here.token,
        key: true,
        body: { kind: 'entry_error' },
      })
      for (const { entryHash, sequence, recordedAt, receipt } of [first, back.body]) {
        const opened = openReceipt(receipt, verifiers)
        t.match(opened, { origin: 'test', seq: sequence, recordedAt: Date.parse(recordedAt) })
        t.equal(opened?.leafHash.toString('base64'), entryHash)
        t.equal(opened?.promisedBy, Date.parse(recordedAt) + 24 * HOUR_MS)
        const altered = receipt.replace(`\n${sequence}\n`, `\n${sequence + 1}\n`)
        t.equal(openReceipt(altered, verifiers), undefined, 'one altered letter and it is none')
      }
    },
  )

  await t.test('409: an entry without its place in a checkpoint yet says so', async (t) => {
    t.match(await proof(first.id), { status: 409, body: { code: 'entry_not_in_checkpoint' } })
  })

  await sequenceAndPublish(job)
  const early = await checkpoint()

  await t.test('200: every entry is proved to be in the newest checkpoint', async (t) => {
    const more = []
    for (const _ of range(5)) more.push(must(201, await world.dispense(here, nurse.id, 1)).body)
    await sequenceAndPublish(job)
    const { note, size, root } = await checkpoint()
    t.equal(size, 10)
    for (const { id, entryHash } of [first, ...more]) {
      const { body } = must(200, await proof(id))
      t.match(body, { entry: id, entryHash, size, checkpoint: note })
      t.ok(isIncluded(Buffer.from(entryHash, 'base64'), body, bytes(body.hashes), root))
    }
  })

  await t.test('200: each checkpoint is proved to continue an earlier one', async (t) => {
    const late = await checkpoint()
    const { body } = must(200, await call('GET', `/v1/ledger/consistency-proof?from=${early.size}`, { token }))
    t.match(body, { from: early.size, to: late.size, checkpoint: late.note })
    t.ok(isConsistent(early, late, bytes(body.hashes)))
    const between = await call('GET', `/v1/ledger/consistency-proof?from=3&to=5`, { token })
    t.match(between, { status: 200, body: { from: 3, to: 5 } })
  })

  await t.test('400: sizes that no tree has are named', async (t) => {
    for (const [query, path] of [
      ['from=0', 'from'],
      ['from=11', 'from'],
      ['from=1&to=11', 'to'],
      ['from=5&to=3', 'from'],
      ['from=1.5', 'from'],
      ['', 'from'],
    ]) {
      const answer = await call('GET', `/v1/ledger/consistency-proof?${query}`, { token })
      t.match(answer, { status: 400, body: { code: 'invalid_request', errors: [{ path }] } }, `?${query}`)
    }
    t.match(await proof('nonsense'), { status: 400, body: { errors: [{ path: 'entry' }] } })
  })

  await t.test('an entry’s proof is for those who may read the entry', async (t) => {
    const foreign = await service.token({ role: 'regulator', subject: 'bre', territories: ['FR-BRE'] })
    for (const [who, bearer, status] of [
      ['its pharmacy', here.token, 200],
      ['its professional', nurse.token, 200],
      ['another pharmacy', elsewhere.token, 404],
      ['another professional', other.token, 404],
      ['a regulator of another region', foreign, 404],
      ['the admin', world.admin, 403],
    ] as const) {
      t.equal((await proof(first.id, bearer)).status, status, `${status} for ${who}`)
    }
    t.equal((await proof(seededUuid())).status, 404, '404 for one that does not exist')
  })

  await t.test('checkpoints and keys are for any token, and for nobody without one', async (t) => {
    for (const path of ['/v1/ledger/checkpoint', '/v1/ledger/key', '/v1/ledger/consistency-proof?from=1']) {
      for (const bearer of [here.token, nurse.token, world.admin]) {
        t.equal((await call('GET', path, { token: bearer })).status, 200, path)
      }
      t.match(await call('GET', path), { status: 401 }, path)
    }
  })
})
