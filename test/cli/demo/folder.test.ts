import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { emptyFolder } from '../../../src/cli/demo/folder.ts'

t.test('the demo empties its own folder and nothing beside it', async (t) => {
  const dataDir = t.testdir({ database: { file: 'the operator’s' } })
  const folder = await emptyFolder(dataDir)
  await mkdir(join(folder, 'database'))
  new DatabaseSync(join(folder, 'lock')).close()
  t.equal(await emptyFolder(dataDir), folder)
  t.notOk((await readdir(folder)).includes('database'))
  t.equal(await readFile(join(dataDir, 'database', 'file'), 'utf8'), 'the operator’s')
})

t.test('a folder of that name that the demo did not make is refused and stays as it is', async (t) => {
  const dataDir = t.testdir({ demo: { notes: 'mine' } })
  await t.rejects(emptyFolder(dataDir), { message: /not of the demo's making/ })
  t.strictSame(await readdir(join(dataDir, 'demo')), ['notes'])
})

t.test('the folder of a demo that runs is refused and stays as it is', async (t) => {
  const dataDir = t.testdir({})
  const folder = await emptyFolder(dataDir)
  await writeFile(join(folder, 'database'), 'in use')
  const running = new DatabaseSync(join(folder, 'lock'))
  running.exec('pragma locking_mode = exclusive; begin exclusive')
  t.teardown(() => running.close())
  await t.rejects(emptyFolder(dataDir), { message: /in use by another process/ })
  t.ok((await readdir(folder)).includes('database'))
})
