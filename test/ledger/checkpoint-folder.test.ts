import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { signCheckpoint } from '../../src/domain/checkpoint.ts'
import { openCheckpointFolder } from '../../src/jobs/ledger/checkpoint-folder.ts'
import { makeSigner } from '../support/service.ts'
import { range } from '../support/tally.ts'

const signer = makeSigner()
const noteOf = (size: number) => signCheckpoint({ origin: 'test', size, root: Buffer.alloc(32, size) }, [signer])

t.test('many processes that share a folder and a process id keep every checkpoint whole', async (t) => {
  const path = t.testdir()
  const folders = await Promise.all(range(16).map(() => openCheckpointFolder(path)))
  await Promise.all(folders.map((folder, nth) => folder.keep(noteOf(nth + 1))))
  const notes = range(16).map((nth) => noteOf(nth + 1))
  t.ok(notes.includes((await folders[0]?.newest()) ?? ''), 'the newest is one of them, whole')
  const [day = ''] = (await readdir(path)).filter((name) => name.endsWith('.txt'))
  t.same((await readFile(join(path, day), 'utf8')).split('\n\n— ').length, 17, 'and all are in the file of the day')
  t.same(
    (await readdir(path)).filter((name) => name.endsWith('.draft')),
    [],
    'no draft is left',
  )
})

for (const [what, left] of [
  ['empty', ''],
  ['torn', noteOf(3).slice(0, -40)],
] as const) {
  t.test(`a newest checkpoint that is ${what}: the last whole one counts, and can be followed`, async (t) => {
    const path = t.testdir()
    const folder = await openCheckpointFolder(path)
    for (const size of [1, 2]) await folder.keep(noteOf(size))
    await writeFile(join(path, 'checkpoint'), left)
    t.equal(await folder.newest(), noteOf(2))
    await folder.keep(noteOf(3))
    t.equal(await folder.newest(), noteOf(3))
  })
}

t.test('a day that ends in a torn checkpoint still has those before it', async (t) => {
  const path = t.testdir({ checkpoint: '', '2026-01-01.txt': `${noteOf(1)}\n${noteOf(2)}\n${noteOf(3).slice(0, 20)}` })
  t.equal(await (await openCheckpointFolder(path)).newest(), noteOf(2))
})

t.test('a folder without a whole checkpoint has none', async (t) => {
  const path = t.testdir({ checkpoint: noteOf(1).slice(0, 30), '2026-01-01.txt': '' })
  t.equal(await (await openCheckpointFolder(path)).newest(), undefined)
})
