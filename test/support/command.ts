import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inherited } from './environment.ts'
import type { Service } from './service.ts'

const LAUNCHER = fileURLToPath(new URL('../../src/launch.mjs', import.meta.url))

/** How a command ended and what it printed. */
export interface Finished {
  code: number
  stdout: string
  stderr: string
}

/**
 * Runs `gomask` with these arguments to its end, with nothing but PATH and `env` in its environment, and `input` to
 * read.
 */
export function gomask(args: string[], env: Record<string, string> = {}, input = ''): Promise<Finished> {
  const { promise, resolve } = Promise.withResolvers<Finished>()
  const options = { env: { ...inherited, ...env }, timeout: 200_000, maxBuffer: 64 * 1024 * 1024 }
  const child = execFile(process.execPath, [LAUNCHER, ...args], options, (error, stdout, stderr) =>
    resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
  )
  child.stdin?.on('error', () => {}).end(input) // Whoever does not read it closes it.
  return promise
}

/** How commands reach the database of a service, which must not be used any more: the embedded one opens once. */
export async function handOver({
  db,
  url,
  dataDir = '',
}: Pick<Service, 'db' | 'url' | 'dataDir'>): Promise<Record<string, string>> {
  if (url !== undefined) return { DATABASE_URL: url }
  await db.close()
  return { DATA_DIR: dataDir }
}
