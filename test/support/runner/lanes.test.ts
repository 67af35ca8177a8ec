import t, { type Test } from 'tap'
import { type Run, runFiles } from './lanes.ts'

const PASSES = `import t from 'tap'
t.test('a claim', async (t) => t.pass('holds'))`

t.test('every file is run and counted, and a failure in one is no failure of the next', async (t) => {
  const fails = `import t from 'tap'
t.test('a claim', async (t) => t.fail('falls'))`
  const { run, lines } = await runAll(t, { 'a.ts': fails, 'b.ts': PASSES, 'c.ts': PASSES })
  t.match(run, { passed: 2, failed: 1 })
  t.equal(lines.filter((line) => /^not ok: .*a\.ts > a claim > falls$/.test(line)).length, 1)
  t.equal(lines.filter((line) => /^\[\d\/3\] (ok {2}|FAIL) /.test(line)).length, 3)
})

t.test('a file finds what it needs closed only after all of its own tests', async (t) => {
  const order = `import t from 'tap'
let open = true
t.teardown(() => { open = false })
t.test('one', async (t) => t.ok(open))
t.test('two', async (t) => t.ok(open))`
  t.match((await runAll(t, { 'a.ts': order, 'b.ts': order })).run, { passed: 4, failed: 0 })
})

t.test('a process that dies fails the file that it was at, and the others are run all the same', async (t) => {
  const { run, lines } = await runAll(t, { 'a.ts': `process.kill(process.pid, 'SIGKILL')`, 'b.ts': PASSES })
  t.match(run, { passed: 1, failed: 1 })
  t.ok(lines.some((line) => /FAIL .*a\.ts: its process ended with SIGKILL/.test(line)))
})

t.test('a file that cannot be loaded, or throws beside its tests, fails', async (t) => {
  t.match((await runAll(t, { 'a.ts': `import './missing.ts'`, 'b.ts': PASSES })).run, { passed: 1, failed: 1 })
  const throws = `setImmediate(() => { throw new Error('late') })
import t from 'tap'
t.test('a claim', async () => { await new Promise((resolve) => setTimeout(resolve, 50)) })`
  t.not((await runAll(t, { 'a.ts': throws })).run.failed, 0)
})

t.test('a test left out is named, and counted as neither passed nor failed', async (t) => {
  const skips = `import t from 'tap'
t.test('a claim', { skip: 'it needs a server' }, async (t) => t.fail('never'))`
  const { run } = await runAll(t, { 'a.ts': skips, 'b.ts': PASSES })
  t.match(run, { passed: 1, failed: 0 })
  t.match(run.leftOut, [/a\.ts > a claim: it needs a server$/])
})

/** Runs files of these contents one after another, in one process as long as it lives. */
async function runAll(t: Test, contents: Record<string, string>): Promise<{ run: Run; lines: string[] }> {
  const folder = t.testdir(contents)
  const lines: string[] = []
  const files = Object.keys(contents).map((name) => `${folder}/${name}`)
  const { signal } = new AbortController()
  const run = await runFiles(files, 1, { env: process.env, print: (line) => lines.push(line), signal })
  return { run, lines }
}
