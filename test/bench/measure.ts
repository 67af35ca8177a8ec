import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../src/launch.mjs', import.meta.url))

/** The server as a process of its own. */
export interface BenchServer {
  url: string
  /** Of this process, in MB, at this moment. */
  residentMegabytes(): Promise<number>
  stop(): Promise<void>
}

/** Starts `gomask serve` and waits until it listens. */
export async function startServer(env: Record<string, string>): Promise<BenchServer> {
  const options = { PORT: '0', RATE_LIMIT: '0', LOG_LEVEL: 'info', ...env }
  const child = spawn(process.execPath, [LAUNCHER, 'serve'], {
    env: { PATH: process.env.PATH ?? '', ...options },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return {
    url: await addressOf(child),
    residentMegabytes: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
    },
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'close')
    },
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  if (!child.stdout) throw new Error('the server’s log is piped')
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { msg, url } = JSON.parse(line)
    if (msg === 'listening') resolve(url)
  })
  child.once('close', (code) => reject(new Error(`the server ended with ${code}`)))
  return promise
}

/** Runs `gomask` to its end and answers how many seconds it took; what it prints is shown. */
export async function secondsOf(args: string[], env: Record<string, string>): Promise<number> {
  const started = performance.now()
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: 'inherit',
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`gomask ${args.join(' ')} ended with ${code}`)
  return (performance.now() - started) / 1000
}

/** The value below which this share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
