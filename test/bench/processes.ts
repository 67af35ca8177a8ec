import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'

/** What some processes have used so far, and hold now. */
export interface Usage {
  cpuSeconds: number
  megabytes: number
}

const TICKS_PER_SECOND = 100 // Linux says so to every program, whatever its kernel was built with.

/** Of one process; undefined where there is no /proc, or no such process. */
export async function usageOf(pid: number): Promise<Usage | undefined> {
  const [stat, status] = await Promise.all([read(pid, 'stat'), read(pid, 'status')])
  if (!stat || !status) return undefined
  return {
    cpuSeconds: ticks(stat, ['user', 'system']) / TICKS_PER_SECOND,
    megabytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  }
}

/**
 * Finds PostgreSQL's first process, whose children serve its connections, in a container of this machine too; undefined
 * where it runs on another one.
 */
export async function findPostmaster(url: string): Promise<number | undefined> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('select pg_backend_pid() as pid, inet_client_port() as port')
  try {
    for (const pid of await everyPid()) {
      const [stat, status, title] = await Promise.all([read(pid, 'stat'), read(pid, 'status'), read(pid, 'cmdline')])
      // A container numbers its processes anew: the last number is the one that PostgreSQL itself knows.
      const own = Number(/^NSpid:.*\s(\d+)$/m.exec(status ?? '')?.[1])
      const from = rows[0].port === null ? '[local]' : `(${rows[0].port})`
      if (stat && own === rows[0].pid && title?.startsWith('postgres: ') && title.includes(from)) return parentOf(stat)
    }
    return undefined
  } finally {
    await client.end()
  }
}

/** Of PostgreSQL's processes together; memory that they share counts once. Undefined where it cannot be read. */
export async function usageOfPostgres(postmaster: number | undefined): Promise<Usage | undefined> {
  if (postmaster === undefined) return undefined
  const own = await read(postmaster, 'stat')
  if (!own) return undefined
  const used = await Promise.all(
    (await everyPid()).map(async (pid) => {
      const stat = await read(pid, 'stat')
      if (!stat || (pid !== postmaster && parentOf(stat) !== postmaster)) return undefined
      // None where it has just ended.
      const kilobytes = Number(/^Pss:\s+(\d+)/m.exec((await read(pid, 'smaps_rollup')) ?? '')?.[1] ?? 0)
      return { ticks: ticks(stat, ['user', 'system']), kilobytes }
    }),
  )
  const found = used.filter((each) => each !== undefined)
  // Those that have ended are counted as their parent's children.
  const ended = ticks(own, ['childrenUser', 'childrenSystem'])
  return {
    cpuSeconds: (ended + found.reduce((sum, each) => sum + each.ticks, 0)) / TICKS_PER_SECOND,
    megabytes: found.reduce((sum, each) => sum + each.kilobytes, 0) / 1024,
  }
}

const places = { user: 11, system: 12, childrenUser: 13, childrenSystem: 14 }

function ticks(stat: string, which: (keyof typeof places)[]): number {
  const fields = fieldsOf(stat)
  return which.reduce((sum, name) => sum + Number(fields[places[name]]), 0)
}

function parentOf(stat: string): number {
  return Number(fieldsOf(stat)[1])
}

// After the program's name, which may hold spaces and brackets; the first of these is the state.
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

// None where there is no /proc.
async function everyPid(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

function read(pid: number, file: string): Promise<string | undefined> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => undefined)
}
