import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openServerOwner } from '../../src/db/server-owner.ts'
import { gomask } from '../support/command.ts'
import { makeServerDatabase, onServerOnly, serverUrl } from '../support/database.ts'
import { addressFor, asAdministrator, makeReady } from '../support/logins.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { until } from '../support/until.ts'
import { ruleBody } from '../support/world.ts'

const OSM = fileURLToPath(new URL('../data/osm-made.geojson', import.meta.url))
const NEWEST = '(select max(version) from schema_migrations)'

t.test('the owner’s login migrates, and the service’s does everything else', { skip: onServerOnly }, async (t) => {
  const { url, drop } = await makeServerDatabase(serverUrl ?? '')
  t.teardown(drop)
  await makeReady(url)
  const folder = await makeFolder(t)
  const asOwner = { DATABASE_URL: addressFor('gomask_test_owner', url), DATA_DIR: folder, PORT: '0' }
  const asService = { DATABASE_URL: addressFor('gomask_test_service', url), DATA_DIR: folder, PORT: '0' }

  await t.test('the service’s login is told who can bring the database up to date', async (t) => {
    await refused(t, ['serve'], asService, /lacks \d+ migrations; run: gomask migrate, with the owner’s DATABASE_URL/)
    await refused(
      t,
      ['migrate'],
      asService,
      /the login gomask_test_service may not change the tables; use that of their/,
    )
  })

  await t.test('the owner needs no right to create roles, extensions or databases', async (t) => {
    t.match(await gomask(['migrate'], asOwner), {
      code: 0,
      stdout: /^applied 0001_.*\n(applied .*\n)+the database is up/,
    })
    t.match(await gomask(['migrate'], asOwner), { code: 0, stdout: 'the database is up to date\n' })
  })

  await t.test('the service’s login serves, without a word, and runs every command', async (t) => {
    const server = makeServer(t, { ...asService, STRICT_ROLES: 'true' }, folder)
    await server.start()
    t.equal((await server.call('GET', '/readyz')).status, 200)
    t.same(
      server.log().filter(({ excess }) => excess !== undefined),
      [],
    )
    server.signal('SIGTERM')
    t.same((await server.ended()).code, 0)
    const rules = join(folder, 'rules.json')
    await writeFile(rules, JSON.stringify([ruleBody({ products: ['surgical'] })]))
    const commands = [
      ['import', 'osm', OSM],
      ['rules', 'load'],
      ['client', 'create', '--name', 'Till', '--role', 'pharmacy', '--scope', 'stock:read'],
      ['retention'],
      ['check'],
    ]
    for (const command of commands) {
      const { code, stderr } = await gomask(command, { ...asService, STRICT_ROLES: 'true' })
      t.equal(code, 0, `${command.slice(0, 2).join(' ')}: ${stderr}`)
    }
  })

  await t.test('a login that may do more is warned of once, and refused with STRICT_ROLES', async (t) => {
    const all = /the login \w+ is a superuser, .*; use a login that is a member of gomask_app and nothing else/
    await refused(t, ['serve'], { ...asService, DATABASE_URL: url, STRICT_ROLES: 'true' }, all)
    const owns = /the login gomask_test_owner may act as pg_database_owner, owns tables, may create schemas, /
    await refused(t, ['serve'], { ...asOwner, STRICT_ROLES: 'true' }, owns)
    const server = makeServer(t, { ...asService, DATABASE_URL: url }, folder)
    await server.start()
    const warnings = server.log().filter(({ excess }) => excess !== undefined)
    t.match(warnings, [{ level: 'warn', msg: /keep the owner’s for `gomask migrate`/ }])
    t.equal(warnings.length, 1)
  })

  await t.test('a login that is no member of the service’s role is told so', async (t) => {
    await refused(
      t,
      ['serve'],
      asOwner,
      /gomask_test_owner is no member of gomask_app .* grant gomask_app to "gomask_te/,
    )
  })

  await t.test(
    'migrations that wait, and a queue of another release, are the owner’s to bring up to date',
    async (t) => {
      const alter = (statement: string) => asAdministrator(url, (admin) => admin.query(statement))
      await alter(`create table kept as select * from schema_migrations where version = ${NEWEST};
      delete from schema_migrations where version = ${NEWEST}`)
      await refused(t, ['serve'], asService, /lacks 1 migrations; run: gomask migrate, with the owner’s DATABASE_URL/)
      await alter('insert into schema_migrations select * from kept; drop table kept')
      await alter('update pgboss.version set version = version - 1')
      await refused(t, ['serve'], asService, /the job queue is not that of this program; run: gomask migrate, with/)
      await alter('update pgboss.version set version = version + 1')
    },
  )

  await t.test('a service that starts while the owner migrates waits for it', async (t) => {
    const owner = await openServerOwner(asOwner.DATABASE_URL)
    t.teardown(() => owner.close())
    await owner.script('select pg_advisory_lock(5200361447)')
    await owner.script(`create temporary table kept as select * from schema_migrations where version = ${NEWEST}`)
    await owner.script(`delete from schema_migrations where version = ${NEWEST}`)
    const server = makeServer(t, asService, folder)
    server.launch()
    await until('it never asked for its turn', async () => {
      const asking = await owner.rows(`select from pg_stat_activity where datname = current_database()
        and usename = 'gomask_test_service'`)
      return asking.length > 0
    })
    await owner.script('insert into schema_migrations select * from kept')
    await owner.script('select pg_advisory_unlock(5200361447)')
    t.ok(await server.says('listening'))
  })
})

async function refused(t: Test, command: string[], env: Record<string, string>, why: RegExp): Promise<void> {
  const { code, stdout, stderr } = await gomask(command, env)
  t.same({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr, why)
  t.match(stderr, /^gomask: [^\n]+\n$/, 'in one line')
}
