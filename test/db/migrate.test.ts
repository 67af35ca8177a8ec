import { readdir, rm } from 'node:fs/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { Owner } from '../../src/db/database.ts'
import { openEmbedded } from '../../src/db/embedded.ts'
import { migrate, requireMigrated } from '../../src/db/migrate.ts'
import { openServerOwner } from '../../src/db/server-owner.ts'
import { gomask } from '../support/command.ts'
import {
  makeDatabase,
  makeDataDir,
  makeServerDatabase,
  onServerOnly,
  serverUrl,
  withAllRights,
} from '../support/database.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { range } from '../support/tally.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const INSTANCES = 4
const UP_TO_DATE = 'the database was brought up to date'
const NOWHERE = 'postgres://nobody:nothing@127.0.0.1:1/nowhere'

t.test('instances that start at once on a fresh database migrate it once', { skip: onServerOnly }, async (t) => {
  const { url, drop } = await makeServerDatabase(serverUrl ?? '')
  t.teardown(drop)
  const folder = await makeFolder(t) // Shared, as they need the same keys.
  let connections = 0
  const proxy = await startProxy(t, url, () => {
    connections++
    return {}
  })
  const servers = range(INSTANCES).map(() => makeServer(t, { DATABASE_URL: proxy.url }, folder))
  // All knock before the first is let in, or else the quickest would be done before the others have started.
  proxy.freeze()
  for (const server of servers) server.launch()
  await until('not all of them came', () => connections >= INSTANCES)
  proxy.thaw()
  await Promise.all(servers.map((server) => server.says('listening')))
  const migrated = servers.flatMap((server) => server.log().filter(({ msg }) => msg === UP_TO_DATE))
  const files = (await readdir(new URL('../../migrations/', import.meta.url))).sort()
  t.match(migrated, [{ migrations: files }], 'one of them did it')
  t.equal(migrated.length, 1)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  const { rows } = await client.query('select name from schema_migrations order by version')
  t.same(
    rows,
    files.map((name) => ({ name })),
    'each file once',
  )
  for (const server of servers) t.match(await server.call('GET', '/readyz'), { status: 200, body: { ready: true } })
  await t.test('and one that starts later finds nothing to do', async (t) => {
    const later = makeServer(t, { DATABASE_URL: url, MIGRATE_ON_START: 'false' }, await makeFolder(t))
    await later.start()
    t.notOk(later.log().some(({ msg }) => msg === UP_TO_DATE))
  })
})

t.test('a database that does not fit the program is refused, and left as it is', async (t) => {
  const { owner, url } = await migrated(t)
  const insert = 'insert into schema_migrations (version, name, checksum) values ($1, $2, $3)'
  t.same(await migrate(owner), [], 'it fits to begin with')
  /** Says why each way of starting refuses. */
  const refusesBecause = async (t: Test, reason: RegExp) => {
    await t.rejects(migrate(owner), reason)
    await t.rejects(requireMigrated(owner), reason)
    if (url === undefined) return
    const { code, stderr } = await gomask(['serve'], { DATABASE_URL: url, DATA_DIR: await makeFolder(t), PORT: '0' })
    t.equal(code, 1)
    t.match(stderr, reason)
    t.match(stderr, /^gomask: /)
    t.equal(stderr.trimEnd().split('\n').length, 1, 'in one line')
  }

  await t.test('when an applied file has changed since', async (t) => {
    const [row] = await owner.rows('select checksum from schema_migrations where version = 3')
    await owner.rows('update schema_migrations set checksum = $1 where version = 3', ['0'.repeat(64)])
    await refusesBecause(t, /0003_stock\.sql has changed since it was applied/)
    await owner.rows('update schema_migrations set checksum = $1 where version = 3', [row?.checksum])
  })

  await t.test('but not when it ran an earlier text of a file, with the same effect', async (t) => {
    const before = 'ce51e406363d982cd922bb356352e1b452bbd0a0d8dbe260fd5847a9407e9c97' // 0007's, in 0.4.0
    const [row] = await owner.rows('select checksum from schema_migrations where version = 7')
    await owner.rows('update schema_migrations set checksum = $1 where version = 7', [before])
    t.same(await migrate(owner), [])
    await owner.rows('update schema_migrations set checksum = $1 where version = 7', [row?.checksum])
  })

  await t.test('when it is newer than the program', async (t) => {
    await owner.rows(insert, [9999, '9999_from_the_future.sql', '0'.repeat(64)])
    await refusesBecause(t, /9999_from_the_future\.sql, which this program does not know: it is newer; upgrade/)
    await owner.rows('delete from schema_migrations where version = $1', [9999])
  })

  t.same(await migrate(owner), [], 'it fits again')
})

t.test('MIGRATE_ON_START=false refuses a database that is not migrated', { skip: onServerOnly }, async (t) => {
  const { url, drop } = await makeServerDatabase(serverUrl ?? '')
  t.teardown(drop)
  const env = { DATABASE_URL: url, DATA_DIR: await makeFolder(t), PORT: '0' }
  const refused = await gomask(['serve'], { ...env, MIGRATE_ON_START: 'false' })
  t.equal(refused.code, 1)
  t.match(refused.stderr, /^gomask: the database lacks \d+ migrations; run: gomask migrate\n$/)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  t.same(
    (await client.query("select to_regclass('schema_migrations') as made")).rows,
    [{ made: null }],
    'left as it is',
  )
  t.match(await gomask(['migrate'], env), {
    code: 0,
    stdout: /^applied 0001_.*\n(applied .*\n)+the database is up to date\n$/,
  })
  t.match(await gomask(['migrate'], env), { code: 0, stdout: 'the database is up to date\n' }, 'and again')
})

t.test('a wrong value stops the start with one line that names it', async (t) => {
  const wrong = { PORT: '70000', DATABASE_URL: 'mysql://localhost/gomask', LOG_LEVEL: 'loud' }
  await Promise.all(
    Object.entries(wrong).map(async ([name, value]) => {
      const { code, stdout, stderr } = await gomask(['serve'], { DATA_DIR: '/nowhere/to/be/found', [name]: value })
      t.same({ code, stdout }, { code: 1, stdout: '' }, `${name}=${value}`)
      t.match(stderr, new RegExp(`^gomask: ${name}: [^\\n]+\\n$`))
    }),
  )
})

t.test('gomask token prints the token alone, and never opens the database', async (t) => {
  const dataDir = await makeFolder(t)
  const env = { DATABASE_URL: NOWHERE, DATA_DIR: dataDir }
  const { code, stdout, stderr } = await gomask(['token', '--role', 'admin'], env)
  t.same({ code, stderr }, { code: 0, stderr: '' })
  t.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  t.same(await gomask(['token', '--role', 'admin'], { DATA_DIR: dataDir }).then((again) => again.code), 0)
  t.same(await readdir(dataDir), ['keys'], 'no embedded database either')
  await t.test('and the service with this folder takes it', { skip: onServerOnly }, async (t) => {
    const { url = '', drop } = await makeDatabase(1)
    t.teardown(drop)
    const server = makeServer(t, { DATABASE_URL: url }, dataDir)
    await server.start()
    t.equal((await server.call('GET', '/v1/allocation-rules', { token: stdout.trim() })).status, 200)
  })
})

/** A migrated database with its owner's rights; with its address where other processes can open it meanwhile. */
async function migrated(t: Test): Promise<{ owner: Owner; url: string | undefined }> {
  if (!serverUrl) {
    const folder = await makeDataDir()
    const embedded = await openEmbedded(folder)
    t.teardown(async () => {
      await embedded.close()
      await rm(folder, { recursive: true })
    })
    return { owner: embedded.owner, url: undefined }
  }
  const { url = '', drop } = await makeDatabase(1)
  const owner = await openServerOwner(withAllRights(url))
  t.teardown(async () => {
    await owner.close()
    await drop()
  })
  return { owner, url }
}
