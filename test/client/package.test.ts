import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript'
import t from 'tap'
import { extract } from 'tar'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const MODULES = join(ROOT, 'node_modules')

const PROGRAM = `
import { createClient } from 'gomask/client'
const answers = { items: [{ code: 'surgical' }] }
const fetch = async () => new Response(JSON.stringify(answers), { headers: { 'content-type': 'application/json' } })
const client = createClient({ baseUrl: 'http://masks.invalid', auth: { token: async () => 'a-token' }, fetch })
const { data } = await client.GET('/v1/products')
console.log(data.items[0].code)
const { openQueueFile } = await import('gomask/client/offline-node')
const queue = await openQueueFile('queue', { client, pharmacy: '319009015' })
await queue.keep({ key: 'a-key', kind: 'dispensation', body: {} })
console.log((await queue.waiting()).map(({ key }) => key).join())
await Promise.all([import('gomask/client/offline-browser'), import('gomask/client/events')])
`

const RIGHT = `
import { createClient } from 'gomask/client'
import { openQueueDatabase } from 'gomask/client/offline-browser'
export const queue = openQueueDatabase('queue', { client: createClient({ baseUrl: '', auth: { token: async () => '' } }), pharmacy: '' })
const client = createClient({ baseUrl: '', auth: { clientId: 'id', clientSecret: 'secret' }, language: 'fr' })
const { data, error } = await client.GET('/v1/products')
export const codes: string[] | undefined = data?.items.map(({ code }) => code)
export const problem: string | undefined = error?.code
`

const SETTINGS = JSON.stringify({
  compilerOptions: {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'esnext',
    lib: ['esnext', 'dom'],
    types: [],
    skipDefaultLibCheck: true,
  },
  include: ['*.ts'],
})

const WRONG = [
  `client.GET('/v1/product')`,
  `client.POST('/v1/dispensations', { body: null })`,
  `client.POST('/v1/dispensations', { body: { professional: '1' } })`,
  `client.POST('/v1/dispensations', { params: { header: { 'idempotency-kye': 'x' } }, body: {} as never })`,
  `client.GET('/v1/pharmacies/{finess}/stock')`,
]

t.test('the types are those of the document', async (t) => {
  const document = new URL('../../openapi.yaml', import.meta.url)
  const types = `${COMMENT_HEADER}${astToString(await openapiTS(document, { defaultNonNullable: false }))}`
  const kept = await readFile(join(ROOT, 'src/client/api.ts'), 'utf8')
  t.ok(types === kept, 'renew them by: npm run client')
})

t.test('packed and unpacked in a fresh folder, the client runs and its types hold', async (t) => {
  // Outside the checkout, whose own modules would be found from below it.
  const folder = await mkdtemp(join(tmpdir(), 'gomask-client-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const files = {
    'program.mjs': PROGRAM,
    'right.ts': RIGHT,
    'wrong.ts': wrongProgram(),
    'tsconfig.json': SETTINGS,
    'package.json': '{"type":"module"}',
  }
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(folder, name), content)))
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT })
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const home = join(folder, 'node_modules/gomask')
  await mkdir(home, { recursive: true })
  await extract({ file: join(folder, `gomask-${version}.tgz`), cwd: home, strip: 1 })
  // What npm would fetch beside it.
  for (const name of ['idb', 'ky', 'openapi-fetch', 'openapi-typescript-helpers']) {
    await symlink(join(MODULES, name), join(folder, 'node_modules', name))
  }
  const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder })
  t.equal(stdout, 'surgical\na-key\n')

  const { stdout: said } = await run(join(MODULES, '.bin/tsc'), ['--project', folder]).catch((refused) => refused)
  const refused = [...String(said).matchAll(/^(?:.*[/])?(\w+[.]ts)\((\d+),/gm)].map(
    ([, file, line]) => `${file}:${line}`,
  )
  t.same(
    [...new Set(refused)],
    WRONG.map((_, nth) => `wrong.ts:${nth + 3}`),
    'each wrong call where it stands',
  )
})

function wrongProgram(): string {
  const calls = WRONG.map((call) => `await ${call}\n`)
  return `import { createClient } from 'gomask/client'\nconst client = createClient({} as never)\n${calls.join('')}`
}
