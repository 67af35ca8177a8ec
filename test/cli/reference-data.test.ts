import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { openEmbedded } from '../../src/db/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { gomask } from '../support/command.ts'
import { makeDatabase, serverUrl } from '../support/database.ts'

const MADE = fileURLToPath(new URL('../data/osm-made.geojson', import.meta.url))
const products = sql`insert into products (code, name, kind) values ('surgical', 'a', 'a'), ('ffp2', 'b', 'b')`

const folder = await mkdtemp(join(tmpdir(), 'gomask-cli-'))
t.teardown(() => rm(folder, { recursive: true }))
const file = async (name: string, content: string): Promise<string> => {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

/** The environment of commands on a database that has the products, or has nothing yet. */
async function databaseWith(withProducts: boolean): Promise<Record<string, string>> {
  if (serverUrl) {
    const { db, url = '', drop } = await makeDatabase(2)
    t.teardown(drop)
    if (withProducts) await db.orm.execute(products)
    return { DATABASE_URL: url }
  }
  const DATA_DIR = join(folder, withProducts ? 'stocked' : 'empty')
  const embedded = await openEmbedded(DATA_DIR)
  await migrate(embedded.owner)
  const db = await embedded.asService()
  if (withProducts) await db.orm.execute(products)
  await db.close()
  return { DATA_DIR }
}

const env = await databaseWith(true)

t.test('import osm says what it put in and names each place that it left out, and changes nothing again', async (t) => {
  const first = await gomask(['import', 'osm', MADE], env)
  t.equal(first.code, 0, first.stderr)
  t.match(first.stdout, /^created 1\nupdated 0\nunchanged 0\nleft out 9\n/)
  t.match(first.stdout, '  node/5 (Parapharmacie des Allées): no FINESS number\n')
  t.match(first.stdout, / {2}FINESS 990500019 \(Pharmacie de l'Écluse\): no territory follows/)
  const second = await gomask(['import', 'osm', MADE], env)
  t.match(second.stdout, /^created 0\nupdated 0\nunchanged 1\n/)
})

t.test('import osm ends with 1 and one line on a file that cannot be read or is no such export', async (t) => {
  for (const [path, why] of [
    [join(folder, 'absent.geojson'), /ENOENT/],
    [await file('broken.geojson', '{\n"type":'), /JSON/],
    [await file('other.geojson', '{"type": "Feature"}'), /not a GeoJSON FeatureCollection/],
  ] as const) {
    const { code, stdout, stderr } = await gomask(['import', 'osm', path], env)
    t.strictSame([code, stdout], [1, ''], stderr)
    t.match(stderr, why)
    t.equal(stderr.trim().split('\n').length, 1, stderr)
  }
})

t.test('rules load publishes the rules of 2020, and once only', async (t) => {
  t.match(await gomask(['rules', 'load'], env), { code: 0, stdout: 'published 12\nthere already 0\n' })
  t.match(await gomask(['rules', 'load'], env), { code: 0, stdout: 'published 0\nthere already 12\n' })
})

t.test('rules load ends with 1 and one line where the file is wrong, with the place', async (t) => {
  const path = await file('rules.json', '[{}]')
  const { code, stderr } = await gomask(['rules', 'load', path], env)
  t.equal(code, 1)
  t.match(stderr, /rules\.json: 0\.beneficiaries: /)
})

t.test('rules load names every product that the catalogue lacks', async (t) => {
  const { code, stderr } = await gomask(['rules', 'load'], await databaseWith(false))
  t.equal(code, 1)
  t.match(stderr, /surgical: is not a product of the catalogue; ffp2: is not/)
})

t.test('each has its help', async (t) => {
  t.match(await gomask(['import', 'osm', '--help']), { code: 0, stdout: /FILE/ })
  t.match(await gomask(['rules', 'load', '--help']), { code: 0, stdout: /FILE/ })
})
