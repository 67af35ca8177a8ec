import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { openReady } from '../db/open.ts'
import { UNHURRIED } from '../db/server.ts'
import { finessNumber, professionalId } from '../domain/identifiers.ts'
import { type Instant, instantOf, isNameable, iso, NAMEABLE } from '../domain/instant.ts'
import { prepareBundle } from '../features/ledger/bundle.ts'
import type { Selection } from '../features/ledger/bundle-queries.ts'
import { commandLogger } from '../logger.ts'
import { CommandError } from './errors.ts'
import { showProgress } from './progress.ts'

const MISUSED = 2

/** `gomask export-ledger` */
export const exportLedger = defineCommand({
  meta: {
    name: 'export-ledger',
    description:
      'Write the ledger, or a selection of it, with its proofs into a file that gomask verify-ledger checks offline. Exit code 1 while nothing is signed yet.',
  },
  args: {
    bundle: { type: 'positional', required: true, valueHint: 'BUNDLE', description: 'the file; - for standard output' },
    from: { type: 'string', valueHint: 'TIME', description: 'Hand-overs at or after this time (RFC 3339).' },
    to: { type: 'string', valueHint: 'TIME', description: 'Hand-overs before this time.' },
    pharmacy: { type: 'string', valueHint: 'FINESS', description: 'Hand-overs at this pharmacy.' },
    professional: { type: 'string', valueHint: 'ID', description: 'The history of this professional.' },
  },
  async run({ args }) {
    const selection = selectionOf(args)
    const config = loadConfig()
    const log = commandLogger(config.LOG_LEVEL)
    const db = await openReady({ ...config, MIGRATE_ON_START: false }, log, { timeouts: UNHURRIED })
    const progress = showProgress('exporting')
    try {
      const bundle = await prepareBundle(db, selection, null)
      if (!bundle) throw new CommandError('nothing is signed yet: the service signs a checkpoint while it runs')
      const { entries } = bundle
      await write(
        args.bundle,
        bundle.pieces((done) => progress.at(done, entries)),
      )
      progress.end(`${entries} entries written`)
    } finally {
      await db.close()
    }
  },
})

/** Writes a file under another name until it is complete. */
async function write(bundle: string, pieces: AsyncGenerator<string>): Promise<void> {
  if (bundle === '-') return pipeline(pieces, process.stdout, { end: false })
  const partial = `${bundle}.partial`
  try {
    await pipeline(pieces, createWriteStream(partial))
    await rename(partial, bundle)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

interface Given {
  from?: string | undefined
  to?: string | undefined
  pharmacy?: string | undefined
  professional?: string | undefined
}

function selectionOf({ from, to, pharmacy, professional }: Given): Selection | null {
  if ([from, to, pharmacy, professional].every((given) => given === undefined)) return null
  const selection = {
    from: from === undefined ? null : timeOf('--from', from),
    to: to === undefined ? null : timeOf('--to', to),
    pharmacy: pharmacy === undefined ? null : (finessNumber(pharmacy) ?? wrong('--pharmacy', 'a FINESS number')),
    professional:
      professional === undefined
        ? null
        : (professionalId(professional) ?? wrong('--professional', 'an RPPS or ADELI number')),
  }
  if (selection.from !== null && selection.to !== null && selection.from >= selection.to) wrong('--to', 'after --from')
  return selection
}

function timeOf(option: string, text: string): Instant {
  const time = readTime(text) ?? wrong(option, 'an RFC 3339 time with an offset')
  if (!isNameable(time)) wrong(option, `from ${iso(NAMEABLE.first)} to ${iso(NAMEABLE.last)}`)
  return time
}

function readTime(text: string): Instant | undefined {
  try {
    return instantOf(text)
  } catch {
    return undefined
  }
}

function wrong(option: string, what: string): never {
  throw new CommandError(`${option}: must be ${what}`, MISUSED)
}
