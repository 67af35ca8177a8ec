import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runPrefix, type Script } from './script.ts'

/** Runs pgbench with these arguments where it is installed; `file` is a script, put where it can read it. */
export type Pgbench = (script: string, argumentsFor: (file: string, url: string) => string[]) => Promise<string>

// As the service works: with its role, and with statements that are never compiled.
export const SETTINGS = '-c role=gomask_app -c jit=off'
/**
 * What is not counted, of pgbench and of the service alike: each connection reads the catalogue and plans its
 * statements first, and after it most callers have called, so that their tokens are known.
 */
export const WARM_UP_SECONDS = 4
const TRIES = 4 // As many as the program's own.

/** pgbench of this machine; undefined where there is none. */
export async function localPgbench(url: string): Promise<Pgbench | undefined> {
  const run = promisify(execFile)
  const found = await run('pgbench', ['--version']).catch(() => undefined)
  if (!found) return undefined
  return async (script, argumentsFor) => {
    const folder = await mkdtemp(join(tmpdir(), 'gomask-bench-'))
    const file = join(folder, 'script.sql')
    await writeFile(file, script)
    const env = { PATH: process.env.PATH, PGOPTIONS: SETTINGS }
    const { stdout, stderr } = await run('pgbench', argumentsFor(file, url), { env, maxBuffer: 2 ** 26 })
    await rm(folder, { recursive: true })
    return `${stdout}${stderr}`
  }
}

/** The transactions a second that the bare database does of a script. */
export async function bareRate(
  pgbench: Pgbench,
  { text, variables }: Script,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<number> {
  const output = await pgbench(text, (file, url) => [
    ...[
      '-n',
      '-M',
      'prepared',
      '-T',
      String(seconds + WARM_UP_SECONDS),
      '-P',
      '1',
      '-c',
      String(clients),
      '-j',
      '2',
      '-f',
      file,
    ],
    ...['--max-tries', String(TRIES)],
    ...Object.entries({ ...variables, run: runPrefix(Date.now()), clients }).flatMap(([name, value]) => [
      '-D',
      `${name}=${value}`,
    ]),
    url,
  ])
  return rateOf(output)
}

/** Reads what pgbench printed, second by second, without the first ones; throws where transactions failed. */
export function rateOf(output: string): number {
  const failed = Number(/number of failed transactions: (\d+)/.exec(output)?.[1] ?? 0)
  const rates = [...output.matchAll(/^progress: .*?, ([\d.]+) tps/gm)].map(([, rate]) => Number(rate))
  const counted = rates.slice(WARM_UP_SECONDS)
  if (failed > 0 || counted.length === 0) throw new Error(`pgbench did not do what it should:\n${output}`)
  return counted.reduce((sum, rate) => sum + rate, 0) / counted.length
}
