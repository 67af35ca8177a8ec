import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { gomask } from '../support/command.ts'
import { makeDatabase, onServerSooner, serverUrl } from '../support/database.ts'
import { finess } from '../support/numbers.ts'
import { ruleBody } from '../support/world.ts'

const MADE = fileURLToPath(new URL('../data/osm-made.geojson', import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'gomask-cli-'))
t.teardown(() => rm(folder, { recursive: true }))
const file = async (name: string, content: string | Buffer): Promise<string> => {
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

t.test('import osm goes past what cannot be stored, behind a byte order mark, in one line each', async (t) => {
  const feature = (number: string, name: string, more: object = {}) => ({
    type: 'Feature',
    properties: { amenity: 'pharmacy', name, 'ref:FR:FINESS': number },
    geometry: { type: 'Point', coordinates: [1.44, 43.6] },
    ...more,
  })
  const features = [
    feature(finess(1), 'Pharmacie du Pont'),
    feature(finess(2), 'Pharmacie \ud83d'),
    feature(finess(3), 'Pharmacie\u0000'),
    feature('x', '\u001b[2J', { id: `node/1\n\u2028${'9'.repeat(1_000)}` }),
  ]
  const path = await file('odd.geojson', `\ufeff${JSON.stringify({ type: 'FeatureCollection', features })}`)
  const { code, stdout, stderr } = await gomask(['import', 'osm', path], env)
  t.strictSame([code, stdout.split('\n').length], [0, 8], stderr)
  t.match(stdout, /^created 1\nupdated 0\nunchanged 0\nleft out 3\n/)
  t.match(stdout, / {2}features\[1\] \(Pharmacie \ufffd\): its name holds U\+0000 or half a character\n/)
  t.match(stdout, / {2}node\/1 9{193}… \(\[2J\): wrong FINESS number x\n/)
  t.notMatch(stdout + stderr, /insert into|select|at .*\.ts:/)
})

t.test('import osm ends with 1 and says why nothing was taken', async (t) => {
  const collection = (features: object[]) => JSON.stringify({ type: 'FeatureCollection', features })
  const geometry = { type: 'Point', coordinates: [0, 0] }
  const tagged = (properties: object) => ({ type: 'Feature', properties, geometry })
  for (const [content, why] of [
    [collection([]), /nothing was taken: it has no features/],
    [collection([tagged({ amenity: 'doctors' })]), /none of its 1 features is tagged amenity=pharmacy/],
    [collection([tagged({ amenity: 'pharmacy', 'ref:FR:FINESS': finess(1) })]), /each of its 1 places was left out/],
  ] as const) {
    t.match(await gomask(['import', 'osm', await file('nothing.geojson', content)], env), { code: 1, stderr: why })
  }
})

t.test('rules load publishes the rules of 2020 on an empty database, and once only', async (t) => {
  t.match(await gomask(['rules', 'load'], env), { code: 0, stdout: 'published 12\nthere already 0\n' })
  t.match(await gomask(['rules', 'load'], env), { code: 0, stdout: 'published 0\nthere already 12\n' })
})

t.test(
  'rules load ends with 1 and one line where the file is wrong, with the place',
  { skip: onServerSooner },
  async (t) => {
    const source = { title: 'Half \ud83d', reference: 'R', url: null }
    for (const [content, said] of [
      ['\ufeff[{}]', /rules\.json: \[0\]\.beneficiaries: required; /],
      ['[]', /rules\.json: the file: has no rules/],
      [JSON.stringify([ruleBody({ source })]), /rules\.json: \[0\]\.source\.title: holds U\+0000 or half a character/],
      [Buffer.from('[{"cap": "é"}]', 'latin1'), /rules\.json: is not text in UTF-8/],
    ] as const) {
      const { code, stderr } = await gomask(['rules', 'load', await file('rules.json', content)], env)
      t.equal(code, 1)
      t.match(stderr, said)
      t.equal(stderr.trim().split('\n').length, 1, stderr)
    }
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
