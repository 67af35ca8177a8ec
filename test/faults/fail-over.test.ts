import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { gomask } from '../support/command.ts'
import { FIRST_RECORDS } from '../support/log.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { reasonToSkipStandby, rowsOf, startPair } from '../support/standby.ts'
import { until } from '../support/until.ts'
import { makeWorld, must } from '../support/world.ts'

// The sequencer runs at each start and then once an hour: no sooner than a test wants it to.
const AT_START_ONLY = { CHECKPOINT_SECONDS: '3600' }

const skip = await reasonToSkipStandby()

t.test('the standby has the entry and not its place: the ledger goes on', { skip }, async (t) => {
  const { folder, kept, standby, env, dispense, hasEntries, isPublished, restart, loseHost, freeze } = await setUp(t)
  await dispense()
  await hasEntries(2)
  await freeze()
  await restart()
  await isPublished(2)
  const published = await readFile(join(folder, 'checkpoint'), 'utf8')
  await loseHost()
  t.same(
    await rowsOf(standby, 'select size::int, (select count(*)::int from log_pending) as waiting from log_state'),
    [{ size: FIRST_RECORDS + 1, waiting: 1 }],
    'it never heard that the entry was given its place',
  )

  await restart()
  const sizes = 'select size::int, (select max(size)::int from log_checkpoints) as published from log_state'
  const reached = async (entries: number) => {
    const [found] = await rowsOf(standby, sizes)
    return found?.size === FIRST_RECORDS + entries && found.published === found.size
  }
  await until('the entry was not given its place', () => reached(2))
  t.equal(await readFile(join(folder, 'checkpoint'), 'utf8'), published, 'what was published stands')
  await dispense()
  await restart()
  await until('the ledger does not go on', () => reached(3))

  const bundle = join(folder, 'bundle')
  t.match(await gomask(['export-ledger', bundle], env()), { code: 0 })
  const known = join(folder, 'published')
  await copyFile(join(folder, 'checkpoint'), known)
  const brought = [kept, known].flatMap((file) => ['--checkpoint', file])
  t.match(await gomask(['verify-ledger', bundle, ...brought]), {
    code: 0,
    stdout: `checkpoint  ${FIRST_RECORDS + 3} entries`,
  })
})

t.test('the standby lacks the entry: the service serves, and refuses to sign', { skip }, async (t) => {
  const { folder, standby, dispense, isPublished, restart, loseHost, freeze, server } = await setUp(t)
  await freeze()
  await dispense()
  await restart()
  await isPublished(2)
  const published = await readFile(join(folder, 'checkpoint'), 'utf8')
  await loseHost()
  t.same(await rowsOf(standby, 'select count(*)::int as entries from ledger_entries'), [{ entries: 1 }])

  await restart()
  const held = FIRST_RECORDS + 1
  const { reason } = await server.says('refusing to sequence and sign the ledger')
  t.equal(reason, `the database holds ${held} entries of the log, and a checkpoint of ${held + 1} was published`)
  await dispense()
  await restart()
  const again = await server.says('refusing to sequence and sign the ledger')
  const other = `the first ${held + 1} entries of the log are not those that were published`
  t.equal(again.reason, other, 'another entry does not take the place of the one that was lost')
  t.same(await rowsOf(standby, 'select size::int from log_state'), [{ size: held }])
  t.equal(await readFile(join(folder, 'checkpoint'), 'utf8'), published)
})

/** A service whose only entry so far is published and on its standby, which no COMMIT waits for. */
async function setUp(t: Test) {
  const pair = await startPair(t, { synchronous: false })
  const { url, standbyUrl, standby, promote } = pair
  const dataDir = await makeFolder(t)
  const folder = join(dataDir, 'checkpoints')
  let env: Record<string, string> = { ...AT_START_ONLY, DATABASE_URL: url }
  const server = makeServer(t, env, dataDir)
  const stop = async () => {
    server.signal('SIGKILL')
    await server.ended()
  }
  const restart = async () => {
    await stop()
    await server.start(env)
  }
  const isPublished = (entries: number) =>
    until(`no checkpoint over ${entries} entries was published`, async () =>
      (await readFile(join(folder, 'checkpoint'), 'utf8')).startsWith(`gomask\n${FIRST_RECORDS + entries}\n`),
    )
  const hasEntries = (many: number) =>
    until(`the standby has not ${many} entries`, async () => {
      const [found] = await rowsOf(standby, 'select count(*)::int as many from ledger_entries')
      return found?.many === many
    })

  await server.start()
  const world = await makeWorld(server, 1_000)
  const [place, nurse] = [await world.pharmacy(1), await world.professional(1)]
  must(201, await world.count(place, 100))
  const dispense = async () => void must(201, await world.dispense(place, nurse.id, 1))
  await dispense()
  await restart()
  await isPublished(1)
  const kept = join(folder, 'kept')
  await copyFile(join(folder, 'checkpoint'), kept)
  await until('the standby was not told of the checkpoint', async () => {
    const found = await rowsOf(standby, `select from log_checkpoints where size = ${FIRST_RECORDS + 1}`)
    return found.length === 1
  })
  const loseHost = async () => {
    await stop()
    await promote()
    env = { ...env, DATABASE_URL: standbyUrl }
  }
  const commandEnv = () => ({ ...env, DATA_DIR: dataDir })
  return { ...pair, server, folder, kept, env: commandEnv, dispense, hasEntries, isPublished, restart, loseHost }
}
