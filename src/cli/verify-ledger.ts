import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { defineCommand } from 'citty'
import { BundleFault, Damaged, NoBundle, Unanswerable } from '../domain/bundle/fault.ts'
import type { KeptNote } from '../domain/bundle/promises.ts'
import { openStatement } from '../domain/bundle/statements.ts'
import { type Brought, BundleVerifier, type Verdict } from '../domain/bundle/verifier.ts'
import { verifierOf } from '../domain/signed-note.ts'
import { NotText, textOf } from '../domain/text.ts'
import { CommandError } from './errors.ts'
import { readLines, Unreadable } from './lines.ts'
import { showProgress } from './progress.ts'
import { repeated } from './repeated.ts'
import { statementLines, verdictLines } from './verdict.ts'

const MISUSED = 2
const PROMISE_BROKEN = 3
const PIECE_BYTES = 1024 * 1024

/** `gomask verify-ledger` */
export const verifyLedger = defineCommand({
  meta: {
    name: 'verify-ledger',
    description:
      'Check a bundle of the ledger offline. Exit codes: 0 it verifies; 1 it does not, and the first bad entry is named; 2 called wrongly, or a file that cannot be read or says nothing here; 3 an entry was acknowledged and is not in the log.',
  },
  args: {
    bundle: {
      type: 'positional',
      required: false,
      valueHint: 'BUNDLE',
      description: 'the file; - for standard input; may be left out where there is a --statement',
    },
    key: {
      type: 'string',
      valueHint: 'VERIFIER_KEY',
      description: 'A key line that you trust, as GET /v1/ledger/key gave it; may be given several times.',
    },
    checkpoint: {
      type: 'string',
      valueHint: 'FILE',
      description: 'A checkpoint that you kept: the log must begin with it; may be given several times.',
    },
    receipt: {
      type: 'string',
      valueHint: 'FILE',
      description: 'A receipt that you kept: its entry must be in the log; may be given several times.',
    },
    statement: {
      type: 'string',
      valueHint: 'FILE',
      description:
        'A pharmacy’s signed statement: it must add up and, with a bundle, its hand-overs be those of the log; may be given several times.',
    },
  },
  async run({ args: { bundle }, rawArgs }) {
    const brought = await bringAlong(rawArgs)
    if (bundle === undefined) return verifyStatements(brought)
    const verdict = await verify(bundle, brought)
    for (const line of verdictLines(verdict, brought.keys.length > 0)) console.log(line)
    const broken = verdict.promised.filter(({ outcome }) => outcome === 'broken')
    if (broken.length > 0) {
      throw new CommandError(broken.map(({ name, finding }) => `${name}: ${finding}`).join('; '), PROMISE_BROKEN)
    }
  },
})

async function bringAlong(rawArgs: string[]): Promise<Brought> {
  const keys = repeated(rawArgs, 'key').map((line) => {
    const key = verifierOf(line.trim())
    if (!key) throw new CommandError(`--key: «${line}» is not a verifier key line`, MISUSED)
    return key
  })
  const read = (name: string) => Promise.all(repeated(rawArgs, name).map(readNote))
  const [checkpoints, receipts] = [await read('checkpoint'), await read('receipt')]
  return { keys, checkpoints, receipts, statements: await read('statement') }
}

// Without a bundle there is nothing to hold a statement against but its signature and its own sums.
function verifyStatements({ keys, checkpoints, receipts, statements }: Brought): void {
  if (statements.length === 0 || checkpoints.length + receipts.length > 0) {
    throw new CommandError('Missing required positional argument: BUNDLE', MISUSED)
  }
  if (keys.length === 0) throw new CommandError('--key: required for a statement without a bundle', MISUSED)
  for (const kept of statements) {
    const statement = opened(kept, keys)
    for (const line of statementLines({ name: kept.name, statement, finding: 'it adds up' })) console.log(line)
  }
}

function opened(kept: KeptNote, keys: Brought['keys']) {
  try {
    return openStatement(kept, keys)
  } catch (error) {
    throw error instanceof BundleFault ? new CommandError(error.message) : error
  }
}

async function readNote(name: string): Promise<KeptNote> {
  try {
    return { name, note: textOf(await readFile(name)) }
  } catch (error) {
    if (error instanceof NotText) throw new CommandError(`${name} ${error.message}`, MISUSED)
    throw unreadableFile(name, error)
  }
}

async function verify(bundle: string, brought: Brought): Promise<Verdict> {
  const verifier = new BundleVerifier(brought)
  const progress = showProgress('verifying')
  const started = performance.now()
  const stream = bundle === '-' ? process.stdin : createReadStream(bundle, { highWaterMark: PIECE_BYTES })
  try {
    const report = () => progress.at(verifier.progress.done, verifier.progress.of)
    await readLines(stream, (line, isEnded) => verifier.line(line, isEnded), report)
    return verifier.end()
  } catch (error) {
    throw refusal(bundle, error instanceof Unreadable ? verifier.unreadable(error.message) : error)
  } finally {
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    progress.end(`${verifier.progress.done} of ${verifier.progress.of} entries checked in ${seconds} s`)
  }
}

function refusal(bundle: string, error: unknown): unknown {
  if (error instanceof NoBundle) return new CommandError(`${bundle} is no bundle: ${error.message}`, MISUSED)
  if (error instanceof Damaged) return new CommandError(`${bundle} cannot be read: ${error.message}`, MISUSED)
  if (error instanceof Unanswerable) return new CommandError(error.message, MISUSED)
  if (error instanceof BundleFault) return new CommandError(`${bundle} does not verify: ${error.message}`)
  return unreadableFile(bundle, error)
}

function unreadableFile(name: string, error: unknown): unknown {
  const isOfFiles = error instanceof Error && 'syscall' in error
  return isOfFiles ? new CommandError(`${name} cannot be read: ${error.message}`, MISUSED) : error
}
