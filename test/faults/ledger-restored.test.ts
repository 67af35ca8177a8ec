import { generateKeyPairSync } from 'node:crypto'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { openCheckpoint } from '../../src/domain/checkpoint.ts'
import { verifierOf } from '../../src/domain/signed-note.ts'
import { makeDataDir, makeServerDatabase, onServerSooner, serverUrl } from '../support/database.ts'
import { FIRST_RECORDS } from '../support/log.ts'
import { addressFor, makeMigrated } from '../support/logins.ts'
import { makeServer, type Server } from '../support/process.ts'
import { until } from '../support/until.ts'
import { makeWorld, must, type World } from '../support/world.ts'

const QUICKLY = { CHECKPOINT_SECONDS: '1' }

/** A database with a way to take a backup of it and to put the backup back, while no server runs on it. */
interface Restorable {
  env: Record<string, string>
  dataDir: string
  backUp(): Promise<void>
  restore(): Promise<void>
}

async function restorable(t: Test): Promise<Restorable> {
  const dataDir = await makeDataDir()
  t.teardown(() => rm(dataDir, { recursive: true }))
  if (serverUrl === undefined) {
    const [live, backup] = [join(dataDir, 'database'), join(dataDir, 'backup')]
    return {
      env: QUICKLY,
      dataDir,
      backUp: () => cp(live, backup, { recursive: true }),
      restore: async () => {
        await rm(live, { recursive: true })
        await cp(backup, live, { recursive: true })
      },
    }
  }
  const { url, drop } = await makeServerDatabase(serverUrl)
  await makeMigrated(url)
  const name = new URL(url).pathname.slice(1)
  const asAdmin = async (...statements: string[]) => {
    const admin = new pg.Client({ connectionString: serverUrl })
    await admin.connect()
    for (const statement of statements) await admin.query(statement)
    await admin.end()
  }
  t.teardown(async () => {
    await drop()
    await asAdmin(`drop database if exists ${name}_backup`)
  })
  return {
    env: { ...QUICKLY, DATABASE_URL: addressFor('gomask_test_service', url) },
    dataDir,
    backUp: () => asAdmin(`create database ${name}_backup template ${name}`),
    restore: () => asAdmin(`drop database ${name}`, `create database ${name} template ${name}_backup`),
  }
}

t.test('an old backup restored: the service serves on, and refuses to sign', async (t) => {
  const { env, dataDir, backUp, restore } = await restorable(t)
  const server = makeServer(t, env, dataDir)
  await server.start()
  const { world, dispense } = await counter(server)
  await dispense()
  await published(server, world, 1)
  await stop(server)
  await backUp()
  await server.start()
  await dispense()
  const kept = await published(server, world, 2)
  await stop(server)
  await restore()

  await server.start()
  const { reason, level } = await server.says('refusing to sequence and sign the ledger')
  const held = FIRST_RECORDS + 1
  const lacking = `the database holds ${held} entries of the log, and a checkpoint of ${held + 1} was published`
  t.same([level, reason], ['fatal', lacking])
  await dispense()
  t.equal((await server.call('GET', '/readyz')).status, 200)
  const refused = async () => /^gomask_ledger_refused 1$/m.test(await server.metrics())
  await until('the metric to alert on was not 1', refused)
  const waiting = async () => /^gomask_ledger_pending_seconds [1-9]/m.test(await server.metrics())
  await until('the age of the waiting entry did not rise', waiting)
  t.equal((await checkpoint(server, world)).size, held, 'nothing was signed after it')
  t.equal(await readFile(join(dataDir, 'checkpoints', 'checkpoint'), 'utf8'), kept.note, 'what was published is kept')
})

t.test(
  'a rotated key: new checkpoints by both, then by the new one, and old ones verify',
  { skip: onServerSooner },
  async (t) => {
    const { env, dataDir } = await restorable(t)
    const server = makeServer(t, env, dataDir)
    await server.start()
    const { world, dispense } = await counter(server)
    await dispense()
    const first = await published(server, world, 1)
    const [oldKey = ''] = await keyLines(server, world)
    await stop(server)

    const file = join(dataDir, 'rotated.pem')
    const oldPem = await readFile(join(dataDir, 'keys', 'ledger-ed25519.pem'), 'utf8')
    const newPem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    await writeFile(file, newPem + oldPem)
    await server.start({ LEDGER_KEY_FILE: file })
    const { receipt } = await dispense()
    const both = await published(server, world, 2)
    const [newKey = '', second] = await keyLines(server, world)
    t.equal(second, oldKey, 'the present key comes first')
    t.not(newKey, oldKey)
    for (const line of [newKey, oldKey]) t.ok(opens(both.note, line), 'whoever knows one of the two keys can go on')
    // Of the base64 of four bytes, whose last letter is the signature's as well; a text, as it may hold a plus sign.
    const signedBy = Buffer.from(newKey.split('+')[1] ?? '', 'hex')
      .toString('base64')
      .slice(0, 5)
    t.ok(receipt.includes(`\n— gomask ${signedBy}`))
    await stop(server)

    await writeFile(file, newPem)
    await server.start({ LEDGER_KEY_FILE: file })
    await dispense()
    const last = await published(server, world, 3)
    t.same(await keyLines(server, world), [newKey, oldKey])
    t.ok(opens(last.note, newKey))
    t.notOk(opens(last.note, oldKey))
    t.ok(opens(first.note, oldKey), 'the first checkpoint verifies with the key of its time')
    t.notOk(opens(first.note, newKey))
  },
)

async function counter(server: Server) {
  const world = await makeWorld(server, 1_000)
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 10_000))
  return { world, dispense: async () => must(201, await world.dispense(place, nurse.id, 1)).body }
}

async function checkpoint(server: Server, { regulator }: World): Promise<{ note: string; size: number }> {
  const note: string = (await server.call('GET', '/v1/ledger/checkpoint', { token: regulator })).body
  return { note, size: Number(String(note).split('\n')[1]) }
}

async function published(server: Server, world: World, entries: number): Promise<{ note: string }> {
  const size = FIRST_RECORDS + entries
  await until(`no checkpoint of ${size}`, async () => (await checkpoint(server, world)).size === size)
  return checkpoint(server, world)
}

async function keyLines(server: Server, { regulator }: World): Promise<string[]> {
  return (await server.call('GET', '/v1/ledger/key', { token: regulator })).body.trimEnd().split('\n')
}

function opens(note: string, line: string): boolean {
  const verifier = verifierOf(line)
  return verifier !== undefined && openCheckpoint(note, [verifier]) !== undefined
}

async function stop(server: Server): Promise<void> {
  server.signal('SIGTERM')
  await server.ended()
}
