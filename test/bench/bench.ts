/** `npm run bench`: how fast the service is beside the bare database. See USAGE. */
import { readFile, writeFile } from 'node:fs/promises'
import { showProgress } from '../../src/cli/progress.ts'
import { type BenchArguments, readArguments, USAGE } from './arguments.ts'
import { type BenchDatabase, diskMissing, fingerprint, makeBenchDatabase } from './bench-database.ts'
import { makeCallers } from './callers.ts'
import type { CaseReport, CaseResult, SpecialCase } from './case.ts'
import { atCounters } from './cases/counters.ts'
import { exportCase } from './cases/export-case.ts'
import { imports, starts } from './cases/files.ts'
import { reservations } from './cases/reservations.ts'
import { searches } from './cases/searches.ts'
import { traffic } from './cases/traffic.ts'
import { explainCases } from './explain.ts'
import { type Figures, figureCases, runFigureCase } from './ledger.ts'
import { inFolder, startServer } from './measure.ts'
import { recordCases, runCase } from './run-case.ts'
import { loadSet, prepare } from './set/load.ts'
import { scales } from './set/sizes.ts'
import { comparisonOf, resultsOf, tableOf } from './table.ts'

const httpCases = (seconds: number) => [...searches, ...reservations, ...atCounters(seconds), ...traffic]
const specialCases: SpecialCase[] = [exportCase, ...imports, ...starts]
const names = [...[...httpCases(1), ...specialCases].map(({ name }) => name), ...Object.keys(figureCases)]

// With their servers, one of which may be stopped at this moment: see the end of `startServer`.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
try {
  const asked = argumentsOf(process.argv.slice(2))
  if (asked) await main(asked)
} catch (error) {
  console.error(error)
  process.exitCode = 1
}

/** Undefined where there is nothing to run: help was asked for, or something that there is not, and is told so. */
function argumentsOf(args: string[]): BenchArguments | undefined {
  try {
    const asked = readArguments(args, names)
    if (!asked) console.log(`${USAGE}\nCases: ${names.join(', ')}.`)
    return asked
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    process.exitCode = 2
    return undefined
  }
}

async function main(asked: BenchArguments): Promise<void> {
  const before = asked.compare === undefined ? undefined : JSON.parse(await readFile(asked.compare, 'utf8'))
  const figures: Figures = {}
  const own = asked.cases.filter((name) => name in figureCases)
  for (const name of own) Object.assign(figures, await runFigureCase(name, asked))
  const isOwnAlone = own.length > 0 && own.length === asked.cases.length
  await report(asked, isOwnAlone ? [] : await onTheSet(asked), figures, before)
}

async function onTheSet(asked: BenchArguments): Promise<CaseReport[]> {
  const size = scales[asked.scale]
  const database = await makeBenchDatabase(asked.keep ? `gomask_bench_${await fingerprint(size)}` : undefined)
  try {
    if (!database.isLoaded) await load(database, size)
    return await inFolder((folder) => runCases(asked, database, folder))
  } finally {
    await database.drop()
  }
}

async function load({ url, markLoaded }: BenchDatabase, size: (typeof scales)[keyof typeof scales]): Promise<void> {
  const missing = await diskMissing(size)
  if (missing !== undefined) throw new Error(missing)
  await prepare(url)
  await loadSet(url, size)
  await markLoaded()
}

async function runCases(asked: BenchArguments, { url, pgbench }: BenchDatabase, folder: string): Promise<CaseReport[]> {
  if (!pgbench) console.error('pgbench is not on the PATH: there will be no bare figures')
  const env = { DATABASE_URL: url, DATA_DIR: folder, MAX_LIVE_HOLDS: '100' }
  const callers = await makeCallers(scales[asked.scale], url, folder)
  const isWanted = ({ name }: { name: string }) => asked.cases.length === 0 || asked.cases.includes(name)
  const recorded = await recordCases(httpCases(asked.seconds).filter(isWanted), { url, env, callers })
  if (asked.explain !== undefined) await explainCases(url, recorded, asked.explain)
  await using server = await startServer(env)
  const bench = { url, env, server, pgbench, callers, ...asked }
  const special = specialCases.filter(isWanted)
  const of = recorded.size + special.length
  const reports: CaseReport[] = []
  const progress = showProgress('cases')
  progress.at(0, of)
  const done = (finished: CaseReport) => progress.at(reports.push(finished), of)
  for (const [each, what] of recorded) done(await runCase(each, what, bench))
  for (const each of special) done(await each.run(bench))
  progress.end(`the ${asked.scale} set, cases run: ${of}`)
  return reports
}

async function report(
  { json }: BenchArguments,
  reports: CaseReport[],
  figures: Figures,
  before: { cases: CaseResult[] } | undefined,
): Promise<void> {
  if (reports.length > 0) console.log(tableOf(reports))
  const results = { ...resultsOf(reports), ...(Object.keys(figures).length > 0 && { figures }) }
  if (before) console.log(comparisonOf(before, results).join('\n'))
  if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`)
}
