import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { newKey } from '../../src/keys/signing-keys.ts'
import { gomask } from '../support/command.ts'
import { makeDatabase, makeDataDir, serverUrl } from '../support/database.ts'
import { makeFolder, makeServer } from '../support/process.ts'

/** The ids that `gomask keys` prints, the one that signs first. */
async function keys(dataDir: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await gomask(['keys', ...args], { DATA_DIR: dataDir })
  if (code !== 0) throw new Error(stderr)
  const lines = stdout.trim().split('\n')
  t.same(
    lines.map((line) => line.split('  ')[1]),
    lines.map((_, index) => (index === 0 ? 'signs' : 'verifies')),
  )
  return lines.map((line) => line.split('  ')[0] ?? '')
}

async function makeRunnable(t: Test): Promise<[Record<string, string>, string]> {
  if (serverUrl === undefined) return [{}, await makeDataDir()]
  const { url = '', drop } = await makeDatabase(1)
  t.teardown(drop)
  return [{ DATABASE_URL: url }, await makeFolder(t)]
}

t.test('rotation with overlap: both keys’ tokens are taken until the old key is removed', async (t) => {
  const [env, dataDir] = await makeRunnable(t)
  const server = makeServer(t, env, dataDir)
  const restart = async () => {
    server.signal('SIGTERM')
    await server.ended()
    await server.start()
  }
  const status = async (token: string) => (await server.call('GET', '/v1/allocation-rules', { token })).status
  const published = async () => (await server.call('GET', '/.well-known/jwks.json')).body
  const make = () => server.token({ role: 'admin', subject: 'admin' })

  await server.start()
  const before = await make()
  const [old = ''] = await keys(dataDir, 'list')
  t.equal(decodeProtectedHeader(before).kid, old)

  const [, added = ''] = await keys(dataDir, 'add')
  t.equal(decodeProtectedHeader(await make()).kid, old, 'a key that was added does not sign yet')
  await restart()
  t.match(await published(), { keys: [{ kid: old }, { kid: added }] })

  t.same(await keys(dataDir, 'sign', '--', added), [added, old])
  const after = await make()
  t.equal(decodeProtectedHeader(after).kid, added)
  t.same([await status(before), await status(after)], [200, 200], 'a process that was not yet restarted takes both')
  await restart()
  t.same([await status(before), await status(after)], [200, 200], 'and so does one that was')
  for (const token of [before, after]) {
    t.match(await jwtVerify(token, createLocalJWKSet(await published())), { payload: { sub: 'admin' } })
  }

  t.same(await keys(dataDir, 'remove', '--', old), [added])
  await restart()
  t.same([await status(before), await status(after)], [401, 200])
  t.notMatch(JSON.stringify(server.log()), /PRIVATE|BEGIN/)
})

t.test('the file is written whole, for its owner alone, and nothing is left beside it', async (t) => {
  const dataDir = await makeFolder(t)
  await keys(dataDir, 'list')
  await keys(dataDir, 'add')
  const folder = join(dataDir, 'keys')
  t.same(await readdir(folder), ['signing-es256.pem'])
  t.equal((await stat(join(folder, 'signing-es256.pem'))).mode & 0o777, 0o600)
})

t.test('SIGNING_KEY_FILE is changed in its place; the present key and the last one cannot be taken away', async (t) => {
  const file = join(await makeFolder(t), 'tokens.pem')
  await writeFile(file, newKey(), { mode: 0o600 })
  const run = (...args: string[]) => gomask(['keys', ...args], { SIGNING_KEY_FILE: file })
  const [only = ''] = (await run('list')).stdout.split(' ')
  t.match(await run('remove', '--', only), { code: 1, stdout: '', stderr: /this key signs/ })
  t.match(await run('remove', 'nobody'), { code: 1, stdout: '', stderr: /there is no such key/ })
  t.match(await run('sign', 'nobody'), { code: 1, stderr: /there is no such key/ })
  t.equal((await run('add')).stdout.split('\n').length, 3)
  t.equal((await readFile(file, 'utf8')).match(/BEGIN PRIVATE KEY/g)?.length, 2)
})

t.test('a file that holds something else stops the start with one line that quotes nothing', async (t) => {
  const file = join(await makeFolder(t), 'tokens.pem')
  for (const [text, complaint] of [
    ['', /SIGNING_KEY_FILE: holds no private key/],
    [newKey().replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), /SIGNING_KEY_FILE: holds a key that is not a P-256 key/],
  ] as const) {
    await writeFile(file, text)
    const { code, stderr } = await gomask(['serve'], { SIGNING_KEY_FILE: file })
    t.equal(code, 1)
    t.match(stderr, complaint)
    t.equal(stderr.trim().split('\n').length, 1)
  }
})
