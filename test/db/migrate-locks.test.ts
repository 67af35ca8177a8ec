import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { Owner } from '../../src/db/database.ts'
import { openEmbedded } from '../../src/db/embedded.ts'
import { MigrationRefused, migrate, oneAtATime } from '../../src/db/migrate.ts'
import { openServerOwner } from '../../src/db/server-owner.ts'
import { makeDatabase, makeDataDir, onServerOnly, serverUrl, withAllRights } from '../support/database.ts'
import { makeFolder } from '../support/process.ts'
import { until } from '../support/until.ts'

const MIGRATIONS = fileURLToPath(new URL('../../migrations/', import.meta.url))
const PRODUCT = `insert into products (code, name, kind, active) values`
const ONE_BY_KIND = `-- One product a kind.
-- concurrently

create unique index concurrently if not exists products_by_kind on products (kind);
`
const patient = { lockMs: 50, attempts: 10_000, pauseMs: 20 }
const impatient = { lockMs: 20, attempts: 2, pauseMs: 1 }

t.test('an index is built outside a transaction by a file that says so, and a broken one anew', async (t) => {
  const { owner } = await migrated(t)
  const { folder, add } = await moreMigrations(t)
  await owner.script(`${PRODUCT} ('a', 'A', 'mask', true), ('b', 'B', 'mask', true)`)
  await add('9001_one_by_kind.sql', ONE_BY_KIND)
  await t.rejects(migrate(owner, folder, patient), /^9001_one_by_kind\.sql failed/)
  const isValid = async () =>
    (await owner.rows(`select indisvalid as valid from pg_index where indexrelid = to_regclass('products_by_kind')`))[0]
  t.same(await isValid(), { valid: false }, 'it was cut off, and left what it had')
  await owner.script(`delete from products where code = 'b'`)
  t.same(await migrate(owner, folder, patient), ['9001_one_by_kind.sql'])
  t.same(await isValid(), { valid: true })
  t.same(await migrate(owner, folder, patient), [])
  await owner.script('delete from schema_migrations where version = 9001')
  t.same(await migrate(owner, folder, patient), ['9001_one_by_kind.sql'], 'if only its record was cut off')

  await add(
    '9002_drop.sql',
    '-- Nothing needs it.\n-- concurrently\n\ndrop index concurrently if exists products_by_kind;\n',
  )
  t.same(await migrate(owner, folder, patient), ['9002_drop.sql'])
  t.equal(await isValid(), undefined)
  await add('9003_two.sql', `-- Two things.\n-- concurrently\n\n${'vacuum products;\n'.repeat(2)}`)
  await t.rejects(migrate(owner, folder, patient), /9003_two\.sql is not one statement that makes or drops an index/)
})

t.test('while a migration waits for a lock, others are served', { skip: onServerOnly }, async (t) => {
  const { owner, url } = await migrated(t)
  const { folder, add } = await moreMigrations(t)
  await add('9001_more.sql', '-- One column more.\n\nalter table products add column more text;\n')
  const [holder, reader] = [await connect(t, withAllRights(url)), await connect(t, withAllRights(url))]
  await holder.query('begin; select from products')

  await t.test('it gives up in the end, says why in one line, and has changed nothing', async (t) => {
    const refused = await migrate(owner, folder, impatient).catch((error: unknown) => error)
    t.type(refused, MigrationRefused)
    t.match(refused, {
      message: /^9001_more\.sql was tried 2 times and changed nothing: another session keeps [^\n]+$/,
    })
    const [row] = await owner.rows('select count(*)::int as count from schema_migrations where version = 9001')
    t.same(row, { count: 0 })
  })
  await t.test('it lets a reader pass that came after it, and goes on when the way is free', async (t) => {
    const migrating = migrate(owner, folder, patient)
    await until('it never waited', async () => {
      const { rows } = await reader.query(
        `select from pg_locks where not granted and relation = 'products'::regclass and mode = 'AccessExclusiveLock'`,
      )
      return rows.length > 0
    })
    await reader.query('select from products')
    await holder.query('rollback')
    t.same(await migrating, ['9001_more.sql'])
  })
})

t.test('an instance that waits for its turn keeps no index from being built', { skip: onServerOnly }, async (t) => {
  const { owner, url } = await migrated(t)
  const { folder, add } = await moreMigrations(t)
  await add('9001_one_by_kind.sql', ONE_BY_KIND)
  const second = await openServerOwner(withAllRights(url))
  t.teardown(() => second.close())
  let later: Promise<string[]> | undefined
  const first = await oneAtATime(owner, async () => {
    later = migrate(second, folder, patient)
    await until('the second never asked', async () => {
      const asking = await owner.rows(
        `select from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and query like '%advisory_lock(%'`,
      )
      return asking.length > 0
    })
    return migrate(owner, folder, patient)
  })
  t.same(first, ['9001_one_by_kind.sql'])
  t.same(await later, [])
})

/** A copy of the program's migrations, to which a test adds. */
async function moreMigrations(t: Test): Promise<{ folder: URL; add(name: string, script: string): Promise<void> }> {
  const folder = await makeFolder(t)
  await cp(MIGRATIONS, folder, { recursive: true })
  return { folder: pathToFileURL(`${folder}/`), add: (name, script) => writeFile(join(folder, name), script) }
}

async function migrated(t: Test): Promise<{ owner: Owner; url: string }> {
  if (!serverUrl) {
    const embedded = await openEmbedded(await makeDataDir())
    t.teardown(() => embedded.close())
    return { owner: embedded.owner, url: '' }
  }
  const { url = '', drop } = await makeDatabase(1)
  const owner = await openServerOwner(withAllRights(url))
  t.teardown(async () => {
    await owner.close()
    await drop()
  })
  return { owner, url }
}

async function connect(t: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  return client
}
