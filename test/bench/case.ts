import type { Pgbench } from './bare/pgbench.ts'
import type { Variation } from './bare/script.ts'
import type { Callers } from './callers.ts'
import type { BenchRequest } from './drive.ts'
import type { BenchServer } from './measure.ts'

/** A case that is driven over HTTP and, where it is one kind of request, against the bare database too. */
export interface HttpCase {
  name: string
  connections: number
  next(callers: Callers): BenchRequest
  /** Puts the database into the state that a run begins with. */
  reset?: (url: string, callers: Callers) => Promise<void>
  /** How the request that was recorded becomes any of its kind; left out: no bare counterpart. */
  variation?: (recorded: BenchRequest, answer: Record<string, unknown>, callers: Callers) => Variation
  /** A table and its trigger that would refuse what the bare counterpart does: off while that is measured. */
  bareWithout?: readonly [table: string, trigger: string]
  /** Whether it changes shelves, whose updates should be HOT. */
  changesStock?: boolean
  /** Whether the server's memory is shown as it went. */
  showsMemory?: boolean
}

/** A case that is measured in a way of its own. */
export interface SpecialCase {
  name: string
  run(bench: Bench): Promise<CaseReport>
}

/** The service and the database that cases run on. */
export interface Bench {
  url: string
  env: Record<string, string>
  server: BenchServer
  /** Undefined where there is none: no bare figures then. */
  pgbench: Pgbench | undefined
  callers: Callers
  seconds: number
  runs: number
}

/** What a run of a case gave, as `--json` writes it; null where the case has no such figure. */
export interface CaseResult {
  case: string
  requestsPerSecond: number | null
  bareRequestsPerSecond: number | null
  ratio: number | null
  p50Ms: number | null
  p99Ms: number | null
  errors: number
  roundTrips: number | null
}

/** What is printed beside. */
export interface CaseReport extends CaseResult {
  /** With requests that come at seven tenths of the rate, whether or not those before were answered. */
  openP99Ms: number | null
  /** Of this process, which shares the machine with those that it measures. */
  driverCpuSeconds: number | null
  serverCpuSeconds: number | null
  serverPeakMegabytes: number | null
  databaseCpuSeconds: number | null
  databasePeakMegabytes: number | null
  /** Single lines below the table. */
  notes: string[]
}

/** The report of a case that has these figures alone. */
export function plainReport(name: string, found: Partial<CaseReport>): CaseReport {
  return {
    case: name,
    requestsPerSecond: null,
    bareRequestsPerSecond: null,
    ratio: null,
    p50Ms: null,
    p99Ms: null,
    openP99Ms: null,
    errors: 0,
    roundTrips: null,
    driverCpuSeconds: null,
    serverCpuSeconds: null,
    serverPeakMegabytes: null,
    databaseCpuSeconds: null,
    databasePeakMegabytes: null,
    notes: [],
    ...found,
  }
}
