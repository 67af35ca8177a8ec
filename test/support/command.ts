import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../src/launch.mjs', import.meta.url))

/** How a command ended and what it printed. */
export interface Finished {
  code: number
  stdout: string
  stderr: string
}

/** Runs `gomask` with these arguments to its end, with nothing but PATH and `env` in its environment. */
export function gomask(args: string[], env: Record<string, string> = {}): Promise<Finished> {
  const { promise, resolve } = Promise.withResolvers<Finished>()
  const options = { env: { PATH: process.env.PATH ?? '', ...env }, timeout: 200_000 }
  execFile(process.execPath, [LAUNCHER, ...args], options, (error, stdout, stderr) =>
    resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
  )
  return promise
}
