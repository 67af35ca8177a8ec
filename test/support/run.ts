/**
 * What `npm test` runs: picks the database, runs the test files on it in several processes and counts. Arguments are
 * test files; without any, all of them run. The last line reads `N passed, N failed`.
 */
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseDatabase, messageOf, type TestDatabase } from './runner/database.ts'
import { runFiles } from './runner/lanes.ts'
import { seedOf } from './seed.ts'

// For two cores: on the embedded database each process is a PostgreSQL too, while one that has a server often waits.
const LANES = { embedded: 2, server: 3 }
const LONGEST_FIRST = ['test/model/', 'test/ledger/', 'test/niort', 'test/faults/', 'test/cli/', 'test/operations/']
const ROOT = join(import.meta.dirname, '../..')

// Compiled once, the program's sources start in four fifths of the time.
process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules/.cache/node')

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

/** Runs the files to their end, whatever that is, and answers the exit code: 0 only if tests ran and none failed. */
async function runTests(database: TestDatabase): Promise<number> {
  console.log(`Tests run on ${database.name}.`)
  const print = (line: string) => console.log(line)
  const seed = String(seedOf(process.env))
  if (process.env.SEED) print(`SEED=${seed} repeats what these tests make up.`)
  try {
    const files = process.argv.length > 2 ? process.argv.slice(2) : await allFiles()
    const lanes = database.env.TEST_DATABASE_URL ? LANES.server : LANES.embedded
    const run = await runFiles(files, lanes, {
      env: { ...database.env, SEED: seed },
      print,
      signal: interruption.signal,
    })
    for (const test of run.leftOut) print(`left out: ${test}`)
    if (run.failed > 0) print(`SEED=${seed}`)
    print(`${run.passed} passed, ${run.failed} failed`)
    return run.failed > 0 || run.passed === 0 ? 1 : 0
  } finally {
    await database.stop()
  }
}

/**
 * All test files, those first that start processes or take long, so that no process is left alone with one at the end.
 */
async function allFiles(): Promise<string[]> {
  const files = await Array.fromAsync(glob('test/**/*.test.ts', { cwd: ROOT }))
  const isSlow = (file: string) => LONGEST_FIRST.some((folder) => file.startsWith(folder))
  return files.sort((a, b) => Number(isSlow(b)) - Number(isSlow(a)) || a.localeCompare(b))
}
