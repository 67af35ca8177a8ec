import type { CaseReport } from './case.ts'
import type { BenchServer } from './measure.ts'
import { findPostmaster, type Usage, usageOf, usageOfPostgres } from './processes.ts'

const SAMPLE_MS = 1_000

/** What the driver's, the server's and the database's processes use while they are driven. */
export interface Watch {
  during<T>(work: () => Promise<T>): Promise<T>
  /** The server's memory in MB, a second apart. */
  serverMegabytes(): readonly number[]
  total(): Pick<CaseReport, 'serverCpuSeconds' | 'serverPeakMegabytes' | 'databaseCpuSeconds' | 'databasePeakMegabytes'>
}

/** Adds up the seconds of all works, and keeps the peaks. Null stands for what cannot be seen from here. */
export async function watch(url: string, server: Pick<BenchServer, 'pid'>): Promise<Watch> {
  const postmaster = await findPostmaster(url)
  const ofServer = tally(() => usageOf(server.pid))
  const ofDatabase = tally(() => usageOfPostgres(postmaster))
  let driverCpuSeconds = 0
  return {
    async during(work) {
      const driver = process.cpuUsage()
      await Promise.all([ofServer.begin(), ofDatabase.begin()])
      const sampling = setInterval(() => Promise.all([ofServer.sample(), ofDatabase.sample()]), SAMPLE_MS)
      try {
        return await work()
      } finally {
        clearInterval(sampling)
        const { user, system } = process.cpuUsage(driver)
        driverCpuSeconds += (user + system) / 1e6
        await Promise.all([ofServer.end(), ofDatabase.end()])
      }
    },
    serverMegabytes: () => ofServer.series,
    total: () => ({
      driverCpuSeconds,
      serverCpuSeconds: ofServer.used.cpuSeconds,
      serverPeakMegabytes: ofServer.used.megabytes,
      databaseCpuSeconds: ofDatabase.used.cpuSeconds,
      databasePeakMegabytes: ofDatabase.used.megabytes,
    }),
  }
}

function tally(read: () => Promise<Usage | undefined>) {
  const used: { [figure in keyof Usage]: number | null } = { cpuSeconds: null, megabytes: null }
  const series: number[] = []
  let before = 0
  const sample = async () => {
    const now = await read()
    if (now) {
      used.megabytes = Math.max(used.megabytes ?? 0, now.megabytes)
      series.push(now.megabytes)
    }
    return now?.cpuSeconds
  }
  return {
    used,
    series,
    sample,
    async begin() {
      before = (await sample()) ?? 0
    },
    async end() {
      const now = await sample()
      if (now !== undefined) used.cpuSeconds = (used.cpuSeconds ?? 0) + now - before
    },
  }
}
