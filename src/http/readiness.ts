import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { v4 as uuid } from 'uuid'
import { sqlState } from '../db/failures.ts'
import { findRoom } from '../db/room.ts'
import { differingSettings } from '../db/settings.ts'
import { forgetProcess, readConnection, tellOfProcess } from '../store/processes.ts'
import type { Deps } from './service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether this process should be sent requests, as found within the last second. */
    readiness(): Promise<Readiness>
  }
}

export const checks = ['database', 'writes', 'connection', 'clock', 'keys'] as const
type Findings = Record<(typeof checks)[number], string>

/** What each check found: `ok`, or what is wrong. */
interface Readiness {
  ready: boolean
  checks: Findings
}

const OK = 'ok'
const UNKNOWN = 'unknown while the database does not answer'
const SILENT: Findings = {
  database: 'does not answer',
  writes: UNKNOWN,
  connection: UNKNOWN,
  clock: UNKNOWN,
  keys: UNKNOWN,
}
const READ_ONLY = '25006'
const KEPT_MS = 1_000
const ANSWER_WITHIN_MS = 4_000 // As long as any statement may take.
const EVERY_MS = 10_000
const FARTHEST_APART_MS = 5 * 60_000 // As far ahead as callers' times may be.

/**
 * Judges whether this process can serve, when asked and every 10 seconds while it listens, and tells the other
 * processes of its keys. What changes leaves a line in the log.
 */
export function watchReadiness(app: FastifyInstance, deps: Pick<Deps, 'db' | 'keys' | 'sandbox'>): void {
  const id = uuid()
  const stopping = new AbortController()
  const tell = changesToldOn(app)
  let last: { at: number; checks: Findings } | undefined
  let judging: Promise<Findings> | undefined
  let looking: Promise<Findings> | undefined

  const judge = async (): Promise<Findings> => {
    looking ??= look(deps, id).finally(() => {
      looking = undefined
    })
    const found = await Promise.race([looking, wait(ANSWER_WITHIN_MS, SILENT, { ref: false })])
    tell(found)
    last = { at: performance.now(), checks: found }
    return found
  }
  app.decorate('readiness', async () => {
    if (last === undefined || performance.now() - last.at >= KEPT_MS) {
      judging ??= judge().finally(() => {
        judging = undefined
      })
    }
    const found = (await judging) ?? last?.checks ?? SILENT
    return { ready: checks.every((check) => found[check] === OK), checks: found }
  })

  app.addHook('onListen', async function keepLooking() {
    const { signal } = stopping
    const running = async () => {
      while (!signal.aborted) {
        await app.readiness()
        await wait(EVERY_MS, undefined, { signal, ref: false }).catch(() => {})
      }
    }
    void running()
  })
  app.addHook('onClose', async () => {
    stopping.abort()
    // Otherwise whoever comes after it with other keys is not ready until this one is forgotten.
    const leave = async () => {
      await looking
      await forgetProcess(deps.db, id)
    }
    if (last?.checks.database === OK) await Promise.race([leave().catch(() => {}), wait(KEPT_MS, undefined)])
  })
}

async function look({ db, keys, sandbox }: Pick<Deps, 'db' | 'keys' | 'sandbox'>, id: string): Promise<Findings> {
  const [{ id: signs }] = keys
  const own = { id, signs, verifies: keys.map((key) => key.id) }
  let connection: Awaited<ReturnType<typeof readConnection>> | undefined
  let isStrange = false
  let failure: unknown
  try {
    await db.attempt(async (tx) => {
      const askedAt = performance.now()
      connection = await readConnection(tx, Object.keys(db.settings))
      db.clock.hear(connection.at, askedAt)
      isStrange = await tellOfProcess(tx, own)
    })
    if (db.room.isLacking) await findRoom(db)
  } catch (error) {
    failure = error
  }
  if (!connection) return SILENT
  return {
    database: OK,
    writes: failure === undefined ? OK : whyRefused(failure, db.room.isLacking),
    connection: connectionFinding(differingSettings(db.settings, connection.found)),
    clock: sandbox ? OK : clockFinding(Date.now() - db.clock.now()), // A sandbox's is moved on purpose.
    keys: isStrange ? 'an older process has other keys: one of the two refuses the tokens that the other signs' : OK,
  }
}

function whyRefused(failure: unknown, isFull: boolean): string {
  if (sqlState(failure) === READ_ONLY) return 'refused: the database can only be read'
  return isFull ? 'refused: the disk of the database is full' : 'failed'
}

function connectionFinding(differing: string[]): string {
  return differing.length === 0 ? OK : `not as this service opens it: ${differing.join(', ')}`
}

function clockFinding(aheadMs: number): string {
  if (Math.abs(aheadMs) <= FARTHEST_APART_MS) return OK
  return `this program’s is more than 5 minutes ${aheadMs > 0 ? 'ahead of' : 'behind'} the database’s`
}

/** Logs what has changed since it was last known. */
function changesToldOn({ log }: FastifyInstance): (found: Findings) => void {
  const known: Partial<Findings> = {}
  return (found) => {
    for (const check of checks) {
      const why = found[check]
      if (why === UNKNOWN || why === (known[check] ?? OK)) continue
      known[check] = why
      if (why === OK) log.info({ check }, 'this check of readiness passes again')
      else log.warn({ check, why }, 'not ready')
    }
  }
}
