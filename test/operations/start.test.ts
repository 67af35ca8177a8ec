import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { plainHost } from '../../src/db/transport.ts'
import { gomask } from '../support/command.ts'
import { makeFolder, makeServer } from '../support/process.ts'

const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8)
const token = (dataDir: string) => gomask(['token', '--role', 'admin'], { DATA_DIR: dataDir })

async function folderOf(t: Test, mode: number, name?: string): Promise<string> {
  const folder = await makeFolder(t)
  if (name !== undefined) await writeFile(join(folder, name), '')
  await chmod(folder, mode)
  return folder
}

t.test('DATA_DIR is made for its owner alone, and closed if it is the service’s own', async (t) => {
  const made = join(await makeFolder(t), 'data')
  t.equal((await token(made)).code, 0)
  t.equal(await modeOf(made), '700')
  for (const mode of [0o755, 0o775, 0o770, 0o701]) {
    const empty = await folderOf(t, mode)
    t.equal((await token(empty)).code, 0)
    t.equal(await modeOf(empty), '700', mode.toString(8))
  }
  await mkdir(join(made, 'exports'))
  await chmod(made, 0o755)
  t.equal((await token(made)).code, 0, 'as 0.4.0 left it, whatever else is in it')
  t.equal(await modeOf(made), '700')
})

t.test('a folder that others use is left as it is, and refused in one line', async (t) => {
  for (const [mode, name] of [
    [0o755, 'photographs'],
    [0o1777, 'lock'],
  ] as const) {
    const folder = await folderOf(t, mode, name)
    const shown = mode.toString(8)
    const stderr = new RegExp(`^gomask: DATA_DIR: others can enter ${folder} \\(mode ${shown}\\), .*\n$`)
    t.match(await token(folder), { code: 1, stdout: '', stderr })
    t.equal(await modeOf(folder), shown)
  }
})

t.test('a database on another host is reached with TLS, or warned of', async (t) => {
  for (const url of [
    'postgres://u@db.example.org/d',
    'postgres://u@192.0.2.7/d?sslmode=disable',
    'postgres://u@localhost.example.org/d',
    'postgres://u@127.0.0.1/d?host=db.example.org',
  ]) {
    t.ok(plainHost(url), url)
  }
  for (const url of [
    'postgres://u@db.example.org/d?sslmode=verify-full',
    'postgres://u@db.example.org/d?sslmode=require',
    'postgres://u@db.example.org/d?ssl=true',
    'postgres://u@localhost/d',
    'postgres://u@127.0.0.1:5433/d',
    'postgres://u@[::1]/d',
    'postgres:///d?host=/var/run/postgresql',
  ]) {
    t.equal(plainHost(url), undefined, url)
  }
  // Nobody answers there: the addresses are for documentation.
  const server = makeServer(t, { DATABASE_URL: 'postgres://u:secret@192.0.2.7/d' }, await makeFolder(t))
  server.launch()
  const warned = await server.says('the database is reached without TLS: whoever is on the way reads and alters')
  t.match(warned, { level: 'warn', variable: 'DATABASE_URL', host: '192.0.2.7' })
  t.notMatch(JSON.stringify(server.log()), 'secret')
})
