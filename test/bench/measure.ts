import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { usageOf } from './processes.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const LAUNCHER = join(ROOT, 'src/launch.mjs')

/** The server as a process of its own. */
export interface BenchServer extends AsyncDisposable {
  url: string
  pid: number
  /** Of this process, in MB, at this moment. */
  residentMegabytes(): Promise<number>
  /** From the command to its first answer to «ready?», in milliseconds. */
  readyAfterMs: number
  stop(): Promise<void>
}

/** Starts the server as `npm start` does, but for the limits of requests a caller, and waits until it is ready. */
export async function startServer(env: Record<string, string>): Promise<BenchServer> {
  const started = performance.now()
  const { PATH = '', NODE_OPTIONS } = process.env // The latter for a profile of both: --cpu-prof.
  const child = spawn(process.execPath, scripts.start.split(' ').slice(1), {
    cwd: ROOT,
    env: {
      PATH,
      ...(NODE_OPTIONS && { NODE_OPTIONS }),
      PORT: '0',
      OPERATIONS_PORT: '0',
      RATE_LIMIT: '0',
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const url = await addressOf(child)
  while (!(await fetch(`${url}/readyz`).then(({ ok }) => ok)));
  const stop = async () => {
    child.kill('SIGTERM')
    await once(child, 'close')
    process.off('exit', kill)
  }
  return {
    url,
    pid: child.pid ?? 0,
    residentMegabytes: async () => (await usageOf(child.pid ?? 0))?.megabytes ?? Number.NaN,
    readyAfterMs: performance.now() - started,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  if (!child.stdout) throw new Error('the server’s log is piped')
  const lines = createInterface({ input: child.stdout }).on('line', (line) => {
    const { msg, url } = JSON.parse(line)
    if (msg !== 'listening') return
    resolve(url)
    // Reading the rest line by line would take time from what is measured.
    lines.close()
    child.stdout?.resume()
  })
  child.once('close', (code) => reject(new Error(`the server ended with ${code}`)))
  return promise
}

/** Runs `gomask` to its end and answers how many seconds it took; what it prints is shown, unless it shall be quiet. */
export async function secondsOf(
  args: string[],
  env: Record<string, string>,
  shown: 'shown' | 'quiet' = 'shown',
): Promise<number> {
  const started = performance.now()
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: shown === 'quiet' ? 'ignore' : 'inherit',
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`gomask ${args.join(' ')} ended with ${code}`)
  return (performance.now() - started) / 1000
}

/** Works in a folder that is gone afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'gomask-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The value below which this share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** The middle one, of an odd number of values; the greater of the two in the middle of an even one. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}
