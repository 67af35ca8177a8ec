import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { signToken } from '../../src/http/tokens.ts'
import { loadSigningKeys } from '../../src/keys/signing-keys.ts'
import { inherited } from './environment.ts'
import { expectNoLeak, hear, hearAnswer, hearRequest } from './leaks.ts'
import { conformance } from './openapi.ts'
import { seededUuid } from './seed.ts'
import type { Service } from './service.ts'

const LAUNCHER = fileURLToPath(new URL('../../src/launch.mjs', import.meta.url))
const LONGEST_WAIT_MS = 60_000 // The embedded database's first start on a busy machine.
const LONGEST_CALL_MS = 120_000

/** How a process ended. */
interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** One line of the log. */
type LogRecord = { msg: string } & Record<string, unknown>

/** `gomask serve` as a process of its own, called over the network as anybody would. Not running until started. */
export interface Server extends Pick<Service, 'call' | 'token' | 'metrics'> {
  /** Starts it, again too, and waits until it listens. */
  start(env?: Record<string, string>): Promise<void>
  /** Starts it and does not wait: for a start that has something to wait for. */
  launch(env?: Record<string, string>): void
  /** Waits until the running process has logged this message. */
  says(message: string): Promise<LogRecord>
  /** Where it listens. */
  url(): string
  /** Where it answers those who run it. */
  operations(): string
  /** What the running process, or the last, has logged. */
  log(): readonly LogRecord[]
  signal(signal: NodeJS.Signals): void
  /** How the running process, or the last, has ended, once it has. */
  ended(): Promise<Exit>
}

/** A server for a test. Without DATABASE_URL it serves the embedded database of `dataDir`. It ends with the test. */
export function makeServer(t: Test, env: Record<string, string>, dataDir: string): Server {
  let running: Program | undefined
  let conforms: ReturnType<typeof conformance> | undefined
  let signalled = false
  const program = () => running ?? fail('the server was never started')
  const listening = () => program().log.find(({ msg }) => msg === 'listening')
  const url = () => String(listening()?.url)
  const operations = () => String(listening()?.operations)
  t.teardown(async () => {
    if (running) await hearMetrics(operations())
    running?.signal('SIGKILL')
    const exit = await running?.ended
    // A server that died by itself fails the test by its absence; its last words say why.
    if (exit?.signal !== 'SIGKILL' && !signalled) t.comment(JSON.stringify([exit, running?.log.slice(-5)]))
    t.comment(expectNoLeak())
  })
  const server: Server = {
    launch(more = {}) {
      signalled = false
      running = run({
        LOG_LEVEL: 'info',
        PORT: '0',
        OPERATIONS_PORT: '0',
        RATE_LIMIT: '0',
        DATA_DIR: dataDir,
        ...env,
        ...more,
      })
    },
    async start(more) {
      server.launch(more)
      await server.says('listening')
    },
    says: (message) => program().says(message),
    url,
    operations,
    metrics: async () => (await fetch(`${operations()}/metrics`)).text(),
    log: () => program().log,
    signal(signal) {
      signalled = true
      program().signal(signal)
    },
    ended: () => program().ended,
    token: async (request) =>
      signToken((await loadSigningKeys({ DATA_DIR: dataDir }))[0], { ttlSeconds: 3600, ...request }),
    async call(method, path, sent) {
      conforms ??= conformance((await (await fetch(`${url()}/openapi.json`)).json()) as object)
      hearRequest(path, sent?.body)
      const { status, headers, text } = await send(`${url()}${path}`, method, sent)
      hearAnswer(status, text)
      const type = headers.get('content-type') ?? ''
      const body = /[/+]json/.test(type) ? JSON.parse(text) : text
      const answer = { status, body, headers: Object.fromEntries(headers) }
      conforms(method, path.split('?')[0] ?? path, answer)
      return answer
    },
  }
  return server
}

/** A folder that is removed with the test. */
export async function makeFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gomask-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

interface Program {
  log: LogRecord[]
  complaints: string[]
  ended: Promise<Exit>
  says(message: string): Promise<LogRecord>
  signal(signal: NodeJS.Signals): void
}

function run(env: Record<string, string>): Program {
  // Only what is named here: tap's own NODE_OPTIONS would load its hooks into the program.
  const child = spawn(process.execPath, [LAUNCHER, 'serve'], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: LogRecord[] = []
  const complaints: string[] = []
  const lines = createInterface({ input: child.stdout }).on('line', (line) => {
    hear('log line', line)
    log.push(JSON.parse(line))
  })
  createInterface({ input: child.stderr }).on('line', (line) => {
    hear('log line', line)
    complaints.push(line)
  })
  let over = false
  const ended = once(child, 'close').then(([code, signal]): Exit => {
    over = true
    return { code, signal }
  })
  return {
    log,
    complaints,
    ended,
    signal: (signal) => child.kill(signal),
    async says(message) {
      const deadline = AbortSignal.timeout(LONGEST_WAIT_MS)
      for (;;) {
        const found = log.find(({ msg }) => msg === message)
        if (found) return found
        if (over) throw new Error(`ended without «${message}»: ${complaints.join('\n')}`)
        await Promise.race([once(lines, 'line', { signal: deadline }), ended])
      }
    },
  }
}

async function send(
  url: string,
  method: string,
  { token, body, key, headers }: Parameters<Service['call']>[2] = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(key && { 'idempotency-key': key === true ? seededUuid() : key }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(LONGEST_CALL_MS),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

// The last words of a server that still answers.
async function hearMetrics(url: string): Promise<void> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined)
  if (answer) hear('metric', await answer.text())
}

function fail(message: string): never {
  throw new Error(message)
}
