import { type ChildProcess, spawn } from 'node:child_process'
import { relative } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { LaneMessage, LaneOrder } from './lane.ts'
import { TapReport, type Totals } from './tap-report.ts'

const LANE = fileURLToPath(new URL('lane.ts', import.meta.url))
const LONGEST_FAREWELL_MS = 60_000

/** What all the files of a run came to. */
export interface Run extends Totals {
  leftOut: string[]
}

/** Where a run is told of, and how it is stopped. */
export interface Course {
  env: NodeJS.ProcessEnv
  print(line: string): void
  signal: AbortSignal
}

/**
 * Runs test files in several processes, each of which takes the next file when it has ended one. A process that dies
 * fails the file it was at, and another one goes on with the rest. Throws when the run is stopped by its signal.
 */
export async function runFiles(files: readonly string[], lanes: number, course: Course): Promise<Run> {
  const run: Run = { passed: 0, failed: 0, leftOut: [] }
  const left = files.map((file) => relative('', file)) // As tap's titles will name them.
  const running = new Set<string>()
  let ended = 0
  const end = (file: string, outcome: string) => {
    running.delete(file)
    const others = running.size > 0 ? `; running ${[...running].join(', ')}` : ''
    course.print(`[${++ended}/${files.length}] ${outcome}${others}`)
  }

  /** One process, to its end. */
  async function lane(): Promise<void> {
    const taken = new Set<string>()
    const report = new TapReport(course.print, ({ file, ok, ms }) => {
      taken.delete(file)
      end(file, `${ok ? 'ok  ' : 'FAIL'} ${file} (${ms} ms)`)
    })
    const child = start(course)
    createInterface({ input: child.stdout as Readable }).on('line', (line) => report.feed(line))
    child.on('message', (message: Partial<LaneMessage>) => {
      if (message.wants !== 'file') return // tap says its own things on this channel.
      const file = left.shift() ?? null
      if (file === null) killWhenLate(child)
      else for (const files of [taken, running]) files.add(file)
      child.send({ file } satisfies LaneOrder)
    })
    const code = await exitCode(child)
    course.signal.throwIfAborted()
    add(run, report)
    for (const file of taken) end(file, `FAIL ${file}: its process ended with ${code}`)
    // Without totals, or with an exit code that no failed test explains, it must never look like a pass.
    if (code !== 0 && !report.totals?.failed) {
      run.failed += 1
      if (taken.size === 0) course.print(`FAIL a process ended with ${code} after its last file`)
    }
    if (left.length > 0) await lane()
  }

  await Promise.all(Array.from({ length: Math.min(lanes, files.length) }, lane))
  return run
}

function add(run: Run, { totals, leftOut }: TapReport): void {
  run.passed += totals?.passed ?? 0
  run.failed += totals?.failed ?? 0
  run.leftOut.push(...leftOut)
}

/** In a group of its own, so that servers that its tests have started end with it when the run is stopped. */
function start({ env, signal }: Course): ChildProcess {
  signal.throwIfAborted()
  const child = spawn(process.execPath, [LANE], { env, detached: true, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const kill = () => child.pid && process.kill(-child.pid, 'SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  child.once('close', () => signal.removeEventListener('abort', kill))
  return child
}

// What a file has left open keeps its process from ending; the exit code is then the signal.
function killWhenLate(child: ChildProcess): void {
  const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_FAREWELL_MS)
  child.once('close', () => clearTimeout(timer))
}

// 'close' comes when the output has been read to its end, too.
function exitCode(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 'nothing')))
}
