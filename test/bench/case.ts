import type { Variation } from './bare/script.ts'
import type { Callers } from './callers.ts'
import type { BenchRequest } from './drive.ts'

/** A case that is driven over HTTP and, where it is one kind of request, against the bare database too. */
export interface HttpCase {
  name: string
  connections: number
  next(callers: Callers): BenchRequest
  /** Puts the database into the state that a run begins with. */
  reset?: (url: string, callers: Callers) => Promise<void>
  /** How the request that was recorded becomes any of its kind; left out: no bare counterpart. */
  variation?: (recorded: BenchRequest, answer: Record<string, unknown>, callers: Callers) => Variation
  /** Whether it changes shelves, whose updates should be HOT. */
  changesStock?: boolean
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
  serverCpuSeconds: number | null
  serverPeakMegabytes: number | null
  databaseCpuSeconds: number | null
  databasePeakMegabytes: number | null
  /** Single lines below the table. */
  notes: string[]
}
