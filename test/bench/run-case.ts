import { bareRate, WARM_UP_SECONDS } from './bare/pgbench.ts'
import { startRecorder, type Work } from './bare/recorder.ts'
import { type Script, writeScript } from './bare/script.ts'
import { type Bench, type CaseReport, type HttpCase, plainReport } from './case.ts'
import { type Driven, drive, once } from './drive.ts'
import { type BenchServer, median, startServer } from './measure.ts'
import { settle, stockUpdates, type Updates, withoutTrigger } from './state.ts'
import { watch } from './watch.ts'

/** What a case does to the database, as it was recorded. */
export interface Recorded {
  /** Null where the case is of several kinds of requests. */
  roundTrips: number | null
  works: Work[]
  script: Script | undefined
}

const SAMPLES = 5
const MINUTE = 60
// The open loop: more callers than can be answered at once, so that none waits for its own last answer.
const OPEN_CONNECTIONS = 4
const OPEN_SHARE = 0.7
const POOL = 20 // Connections of the service to its database, as shipped.

/**
 * Does each case's request a few times through a recorder, on a server of its own, and writes the script of what was
 * sent.
 */
export async function recordCases(
  cases: readonly HttpCase[],
  { url, env, callers }: Pick<Bench, 'url' | 'env' | 'callers'>,
): Promise<Map<HttpCase, Recorded>> {
  using recorder = await startRecorder(url)
  await using server = await startServer({ ...env, DATABASE_URL: recorder.url })
  const found = new Map<HttpCase, Recorded>()
  for (const each of cases) {
    await each.reset?.(url, callers)
    const samples: Work[][] = []
    let script: Script | undefined
    for (let sample = 0; sample < SAMPLES; sample++) {
      const request = each.next(callers)
      const recording = recorder.record()
      const answer = await once(server.url, request)
      const works = recording.stop()
      samples.push(works)
      const variation = each.variation?.(request, answer, callers)
      if (variation) script = writeScript(works, variation)
    }
    const roundTrips = each.variation ? median(samples.map((works) => works.flat().length)) : null
    found.set(each, { roundTrips, works: samples.at(-1) ?? [], script })
  }
  return found
}

/** Runs a case on the service and on the bare database in turn, and gives the medians. */
export async function runCase(each: HttpCase, { roundTrips, script }: Recorded, bench: Bench): Promise<CaseReport> {
  const { url, server, pgbench, callers, seconds, runs } = bench
  const load = { connections: each.connections, seconds, next: () => each.next(callers) }
  const usage = await watch(url, server)
  const driven: Driven[] = []
  const bare: number[] = []
  const bareFailures: string[] = []
  const updates = { all: 0, hot: 0 }
  for (let run = 0; run < runs; run++) {
    await each.reset?.(url, callers)
    await drive(server.url, { ...load, seconds: WARM_UP_SECONDS })
    const before = each.changesStock && (await stockUpdates(url))
    driven.push(await usage.during(() => drive(server.url, load)))
    if (before) add(updates, before, await stockUpdates(url))
    await settle(url)
    if (!script || !pgbench) continue
    await each.reset?.(url, callers)
    const clients = Math.min(each.connections, POOL)
    const runBare = () => whileStopped(server, () => bareRate(pgbench, script, { clients, seconds }))
    const rate = await withoutTrigger(url, each.bareWithout, runBare).catch(
      // The other cases' figures are worth having all the same.
      (error: Error) => void bareFailures.push(error.message),
    )
    if (rate !== undefined) bare.push(rate)
    await settle(url)
  }
  const requestsPerSecond = median(driven.map((run) => run.requestsPerSecond))
  await each.reset?.(url, callers)
  const open = await drive(server.url, {
    ...load,
    connections: each.connections * OPEN_CONNECTIONS,
    ratePerSecond: Math.max(1, Math.round(requestsPerSecond * OPEN_SHARE)),
  })
  await settle(url)
  const bareRequestsPerSecond = bare.length > 0 ? median(bare) : null
  const failures = [...driven, open].flatMap(({ errors }) => Object.entries(errors))
  return plainReport(each.name, {
    requestsPerSecond,
    bareRequestsPerSecond,
    ratio: bareRequestsPerSecond && requestsPerSecond / bareRequestsPerSecond,
    p50Ms: median(driven.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(driven.map(({ p99Ms }) => p99Ms)),
    openP99Ms: open.p99Ms,
    errors: failures.reduce((sum, [, count]) => sum + count, 0),
    roundTrips,
    ...usage.total(),
    notes: [
      ...bareFailures.map((message) => `${each.name}: NO BARE FIGURE: ${message}`),
      ...failures.map(([status, count]) => `${each.name}: ${count} answers were ${status}`),
      ...(updates.all > 0 ? [hotNote(each.name, updates)] : []),
      ...(each.showsMemory ? [memoryNote(each.name, usage.serverMegabytes())] : []),
    ],
  })
}

function hotNote(name: string, { all, hot }: Updates): string {
  return `${name}: ${((100 * hot) / all).toFixed(1)} % of the updates of stock were HOT`
}

function memoryNote(name: string, series: readonly number[]): string {
  const later = series.slice(MINUTE).length > 0 ? series.slice(MINUTE) : series
  const [first, last] = [later[0] ?? 0, later.at(-1) ?? 0]
  const span = `${Math.round(Math.min(...later))} to ${Math.round(Math.max(...later))} MB`
  return `${name}: the server held ${span} from the second ${series.length - later.length} on, ${Math.round(first)} first and ${Math.round(last)} last`
}

// The service's own background work, which goes on with what pgbench writes, has no part in the bare figure.
async function whileStopped<T>({ pid }: BenchServer, work: () => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGSTOP')
  try {
    return await work()
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

function add(sum: Updates, before: Updates, after: Updates): void {
  sum.all += after.all - before.all
  sum.hot += after.hot - before.hot
}
