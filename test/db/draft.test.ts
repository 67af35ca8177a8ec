import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeWhole, removeDrafts } from '../../src/db/draft.ts'

const makeOf = (text: string) => async (draft: string) => {
  await mkdir(join(draft, 'made'))
  await writeFile(join(draft, 'made/file'), text)
  return join(draft, 'made')
}

t.test(
  'what breaks off half made is not there; what it left is taken away, and the next attempt makes it',
  async (t) => {
    const folder = t.testdir()
    const target = join(folder, 'database')
    const broken = makeWhole(target, async (draft) => {
      await makeOf('half')(draft)
      throw new Error('killed')
    })
    await t.rejects(broken, /killed/)
    t.notOk(existsSync(target))
    t.equal((await readdir(folder)).length, 1, 'the draft')

    await removeDrafts(folder)
    t.strictSame(await readdir(folder), [])
    await makeWhole(target, makeOf('whole'))
    t.equal(await readFile(join(target, 'file'), 'utf8'), 'whole')
    t.strictSame(await readdir(folder), ['database'], 'no draft is left')
  },
)

t.test('what is there already is not made again, and no draft of it is begun', async (t) => {
  const folder = t.testdir({ database: { file: 'first' } })
  await makeWhole(join(folder, 'database'), makeOf('second'))
  t.equal(await readFile(join(folder, 'database/file'), 'utf8'), 'first')
  t.strictSame(await readdir(folder), ['database'])
})
