import { parseArgs } from 'node:util'
import { type Scale, scales } from './set/sizes.ts'

/** What a run is asked for. */
export interface BenchArguments {
  scale: Scale
  /** A run of a case. */
  seconds: number
  /** Runs of a case, of which the median counts. */
  runs: number
  /** Empty: all. */
  cases: string[]
  /** Of the ledger's own cases alone. */
  entries: number
  keep: boolean
  json?: string | undefined
  compare?: string | undefined
  explain?: string | undefined
}

/** How a run is asked for. */
export const USAGE = `npm run bench -- [OPTION]…

  --scale small|national  a region, 2,000 pharmacies and 100,000 ledger entries, or France, 21,000 and 26 million (small)
  --case NAME,…           these cases alone, which may be given several times
  --seconds N             of a run of a case (10)
  --runs N                of a case, of which the median counts (3)
  --json FILE             writes the figures
  --compare OLD.json      says what has changed since
  --explain FILE          writes each statement and its plan
  --keep                  leaves the loaded set on BENCH_DATABASE_URL for the next run
  --entries N             of the cases \`dispensing\` and \`ledger\` (1000000)
  --help                  prints this

Environment: BENCH_DATABASE_URL, a superuser's on PostgreSQL with PostGIS; without it, one starts in a container.`

/** Reads the command line, undefined where it asks for help; throws an Error that says what is wrong with it. */
export function readArguments(args: string[], known: readonly string[]): BenchArguments | undefined {
  const { values } = parseArgs({
    args,
    options: {
      scale: { type: 'string', default: 'small' },
      seconds: { type: 'string', default: '10' },
      runs: { type: 'string', default: '3' },
      case: { type: 'string', multiple: true, default: [] },
      entries: { type: 'string', default: '1000000' },
      keep: { type: 'boolean', default: false },
      json: { type: 'string' },
      compare: { type: 'string' },
      explain: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const { scale, case: named, seconds, runs, entries, help, ...rest } = values
  if (help) return undefined
  const cases = named.flatMap((names) => names.split(','))
  if (!Object.hasOwn(scales, scale)) throw new Error(`--scale must be ${Object.keys(scales).join(' or ')}`)
  const unknown = cases.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`there is no case ${unknown}; there are ${known.join(', ')}`)
  const counts = { seconds: whole('seconds', seconds), runs: whole('runs', runs), entries: whole('entries', entries) }
  return { scale: scale as Scale, cases, ...counts, ...rest }
}

function whole(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1 on`)
  return value
}
