import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { gomask } from '../support/command.ts'
import { makeDatabase, onServerSooner, serverUrl } from '../support/database.ts'
import { ruleBody } from '../support/world.ts'

const MADE = fileURLToPath(new URL('../data/osm-made.geojson', import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'gomask-cli-'))
t.teardown(() => rm(folder, { recursive: true }))
const file = async (name: string, content: string): Promise<string> => {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

const env = await emptyDatabase()

t.test('import osm says what it put in and names each place that it left out, and changes nothing again', async (t) => {
  const first = await gomask(['import', 'osm', MADE], env)
  t.equal(first.code, 0, first.stderr)
  t.match(first.stdout, /^created 1\nupdated 0\nunchanged 0\nleft out 9\n/)
  t.match(first.stdout, '  node/5 (Parapharmacie des Allées): no FINESS number\n')
  t.match(first.stdout, / {2}FINESS 990500019 \(Pharmacie de l'Écluse\): no territory follows/)
  const second = await gomask(['import', 'osm', MADE], env)
  t.match(second.stdout, /^created 0\nupdated 0\nunchanged 1\n/)
})

t.test(
  'import osm ends with 1 and one line on a file that cannot be read or is no such export',
  { skip: onServerSooner },
  async (t) => {
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
  },
)

t.test('rules load publishes the rules of 2020 on an empty database, and once only', async (t) => {
  t.match(await gomask(['rules', 'load'], env), { code: 0, stdout: 'published 12\nthere already 0\n' })
  t.match(await gomask(['rules', 'load'], env), { code: 0, stdout: 'published 0\nthere already 12\n' })
})

t.test(
  'rules load ends with 1 and one line where the file is wrong, with the place',
  { skip: onServerSooner },
  async (t) => {
    const path = await file('rules.json', '[{}]')
    const { code, stderr } = await gomask(['rules', 'load', path], env)
    t.equal(code, 1)
    t.match(stderr, /rules\.json: 0\.beneficiaries: /)
  },
)

t.test('rules load names every product of a file that the catalogue lacks', { skip: onServerSooner }, async (t) => {
  const path = await file('lacking.json', JSON.stringify([ruleBody({ products: ['ffp8', 'ffp2', 'ffp9'] })]))
  const { code, stderr } = await gomask(['rules', 'load', path], env)
  t.equal(code, 1)
  t.match(stderr, /ffp8: is not a product of the catalogue; ffp9: is not/)
})

t.test('each has its help', async (t) => {
  t.match(await gomask(['import', 'osm', '--help']), { code: 0, stdout: /FILE/ })
  t.match(await gomask(['rules', 'load', '--help']), { code: 0, stdout: /FILE/ })
})

/** The environment of commands on a database that has nothing in it. */
async function emptyDatabase(): Promise<Record<string, string>> {
  if (!serverUrl) return { DATA_DIR: join(folder, 'data') }
  const { url = '', drop } = await makeDatabase(2)
  t.teardown(drop)
  return { DATABASE_URL: url }
}
