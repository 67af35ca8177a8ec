/** What `npm test` runs: picks the database, runs tap on it and counts. Arguments go to `tap run` (files, or its options). */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { chooseDatabase, messageOf, type TestDatabase } from './runner/database.ts'
import { TapReport } from './runner/tap-report.ts'

const require = createRequire(import.meta.url)
const packageOfTap = require.resolve('tap/package.json')
const tap = join(dirname(packageOfTap), require(packageOfTap).bin.tap)

// Some hundred processes load the same sources: compiled once, they start in four fifths of the time.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../../node_modules/.cache/node')

// The container must not outlive the run, so a signal ends what is under way and nothing else.
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interruption.abort())

try {
  process.exitCode = await runTests(await chooseDatabase(process.env))
} catch (error) {
  console.error(interruption.signal.aborted ? 'Interrupted.' : messageOf(error))
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}

/** Runs tap to its end, whatever that is, and answers the exit code: 0 only if tests ran and none failed. */
async function runTests(database: TestDatabase): Promise<number> {
  console.log(`Tests run on ${database.name}.`)
  const report = new TapReport((line) => console.log(line))
  let code: number
  try {
    if (!(await pluginsAreBuilt())) await runTap(['build'], database.env, () => {})
    code = await runTap(['run', '--reporter=tap', ...process.argv.slice(2)], database.env, (line) => report.feed(line))
  } finally {
    await database.stop()
  }
  for (const test of report.leftOut) console.log(`left out: ${test}`)
  // Without totals tap has died or found no file, which must never look like a pass.
  const { passed, failed } = report.totals ?? { passed: 0, failed: 1 }
  console.log(`${passed} passed, ${failed} failed`)
  return code === 0 && (failed > 0 || passed === 0) ? 1 : code
}

/** tap bakes its plugins into a file, and a fresh install has the default ones, of which .taprc takes one out. */
async function pluginsAreBuilt(): Promise<boolean> {
  const builder = dirname(createRequire(packageOfTap).resolve('@tapjs/test/package.json'))
  const built = await readFile(join(builder, 'test-built/dist/esm/index.js'), 'utf8')
  return !built.includes('@tapjs/typescript')
}

/** Runs one tap command, hands over each line that it prints, and answers its exit code. Throws when interrupted. */
function runTap(args: string[], env: NodeJS.ProcessEnv, onLine: (line: string) => void): Promise<number> {
  interruption.signal.throwIfAborted()
  const { promise, resolve } = Promise.withResolvers<number>()
  const child = spawn(process.execPath, [tap, ...args], { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  createInterface({ input: child.stdout }).on('line', onLine)
  child.once('close', (code) => resolve(code ?? 1))
  // tap waits for its tests after a signal, so the whole group goes, servers that tests have started included.
  const kill = () => child.pid && process.kill(-child.pid, 'SIGKILL')
  interruption.signal.addEventListener('abort', kill, { once: true })
  return promise.finally(() => {
    interruption.signal.removeEventListener('abort', kill)
    interruption.signal.throwIfAborted()
  })
}
