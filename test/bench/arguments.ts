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

/** How a run is asked for, said to whoever asks wrongly. */
export const USAGE = `npm run bench -- [--scale small|national] [--seconds 10] [--runs 3] [--case NAME]… [--keep]
  [--json FILE] [--compare OLD.json] [--explain FILE] [--entries 1000000 (of --case ledger)]`

/** Reads the command line; throws an Error that says what is wrong with it. */
export function readArguments(args: string[], known: readonly string[]): BenchArguments {
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
    },
  })
  const { scale, case: cases, seconds, runs, entries, ...rest } = values
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
