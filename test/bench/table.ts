import type { CaseReport, CaseResult } from './case.ts'

const columns: [title: string, of: (report: CaseReport) => string][] = [
  ['case', (r) => r.case],
  ['req/s', (r) => figure(r.requestsPerSecond)],
  ['bare/s', (r) => figure(r.bareRequestsPerSecond)],
  ['ratio', (r) => figure(r.ratio, 2)],
  ['p50 ms', (r) => figure(r.p50Ms, 2)],
  ['p99 ms', (r) => figure(r.p99Ms, 2)],
  ['open p99', (r) => figure(r.openP99Ms, 2)],
  ['errors', (r) => figure(r.errors)],
  ['trips', (r) => figure(r.roundTrips)],
  ['driver cpu s', (r) => figure(r.driverCpuSeconds, 1)],
  ['server cpu s', (r) => figure(r.serverCpuSeconds, 1)],
  ['server MB', (r) => figure(r.serverPeakMegabytes)],
  ['db cpu s', (r) => figure(r.databaseCpuSeconds, 1)],
  ['db MB', (r) => figure(r.databasePeakMegabytes)],
]

/** The reports as a table in plain text; a dash where there is no such figure. */
export function tableOf(reports: readonly CaseReport[]): string {
  const rows = [columns.map(([title]) => title), ...reports.map((report) => columns.map(([, of]) => of(report)))]
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  const line = (row: string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')
  return [...rows.map(line), ...reports.flatMap(({ notes }) => notes)].join('\n')
}

/** What `--json` writes. */
export function resultsOf(reports: readonly CaseReport[]): { cases: CaseResult[] } {
  const cases = reports.map((r) => ({
    case: r.case,
    requestsPerSecond: r.requestsPerSecond,
    bareRequestsPerSecond: r.bareRequestsPerSecond,
    ratio: r.ratio,
    p50Ms: r.p50Ms,
    p99Ms: r.p99Ms,
    errors: r.errors,
    roundTrips: r.roundTrips,
  }))
  return { cases }
}

/** A line for each case that both have: what became of its rate, ratio and times. */
export function comparisonOf(
  before: { cases: readonly CaseResult[] },
  after: { cases: readonly CaseResult[] },
): string[] {
  return after.cases.flatMap((now) => {
    const old = before.cases.find((each) => each.case === now.case)
    if (!old) return []
    const changes = [
      `req/s ${change(old.requestsPerSecond, now.requestsPerSecond)}`,
      `ratio ${figure(old.ratio, 2)} → ${figure(now.ratio, 2)}`,
      `p50 ${change(old.p50Ms, now.p50Ms)}`,
      `p99 ${change(old.p99Ms, now.p99Ms)}`,
      `trips ${figure(old.roundTrips)} → ${figure(now.roundTrips)}`,
    ]
    return [`${now.case}: ${changes.join(', ')}`]
  })
}

function change(old: number | null, now: number | null): string {
  if (old === null || now === null || old === 0) return '–'
  const percent = Math.round((now / old - 1) * 100)
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent)} %`
}

function figure(value: number | null, decimals = 0): string {
  return value === null || !Number.isFinite(value) ? '–' : value.toFixed(decimals)
}
