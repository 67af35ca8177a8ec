import pg from 'pg'
import { copyStatement } from './copy.ts'
import type { Database, Transaction } from './database.ts'
import { driverError, OutcomeUnknown, sqlState } from './failures.ts'
import { followClock } from './followed-clock.ts'
import { GatheringSocket } from './gathering.ts'
import { rememberingRoom } from './room.ts'
import { copyOut } from './server-copy.ts'
import { noticeClosing, queryable, untilGone } from './server-queries.ts'
import { connectionWith, RELIED_ON, type Settings } from './settings.ts'
import { sharing } from './shared.ts'

const TIMEOUTS = { lockMs: 2_000, statementMs: 4_000, acquireMs: 5_000, idleInTransactionMs: 8_000, answerMs: 8_000 }
/** How long a connection waits, and for what; 0 is without end. */
export type Timeouts = typeof TIMEOUTS
/** For commands that read whole tables: a statement takes as long as it needs. */
export const UNHURRIED: Partial<Timeouts> = { statementMs: 0, answerMs: 0 }
// A count that takes longer is made without the others.
const COUNTING: Timeouts = { ...TIMEOUTS, lockMs: 200, statementMs: 250, acquireMs: 1_000, answerMs: 500 }
// One process can write and read about as fast as one connection of PostgreSQL searches; two more absorb slower
// searches.
const SHARED_CONNECTIONS = 3
// What reads much keeps the database's cores busy too: four of twenty connections leave them to what decides.
const AUDITS_SHARE = 1 / 5

/**
 * Opens so many connections to PostgreSQL in all, each made when first used. They work as gomask_app, with the
 * service's timeouts unless others are given. A fifth of them, rounded down but at least one, is for audits; a single
 * one is for everything.
 */
export function openServer(
  url: string,
  options: { connections: number; timeouts?: Partial<Timeouts>; onError: (error: Error) => void },
): Database {
  const timeouts = { ...TIMEOUTS, ...options.timeouts }
  const settings = settingsWith(timeouts)
  const open = (max: number, within = timeouts) => openPool(url, max, within, options.onError)
  const forAudits = options.connections > 1 ? Math.max(1, Math.floor(options.connections * AUDITS_SHARE)) : 0
  const deciding = options.connections - forAudits
  const pool = open(deciding)
  const audits = forAudits > 0 ? open(forAudits) : pool
  audits.on('connect', (client) => void noticeClosing(client))
  const counting = open(1, COUNTING)
  // Under constant reading these connections are never returned, so transactions need others.
  const shared = Math.min(SHARED_CONNECTIONS, Math.floor(deciding / 2))
  return rememberingRoom({
    kind: 'server',
    settings,
    clock: followClock(),
    ...queryable(pool),
    readings: shared > 0 ? sharing(pool, shared) : queryable(pool),
    audits: queryable(audits),
    auditsUntil: (gone) => untilGone(gone, audits),
    counting: queryable(counting),
    attempt: (work) => attempt(pool, work),
    foreign: (sql, values) => pool.query(sql, values),
    copyOut: (query, format, gone) =>
      copyOut(url, settingsWith({ ...timeouts, ...UNHURRIED }), copyStatement(query, format, 'stdout'), gone),
    close: async () => void (await Promise.all([...new Set([pool, audits, counting])].map((each) => each.end()))),
  })
}

function openPool(url: string, max: number, timeouts: Timeouts, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    ...connectionWith(url, settingsWith(timeouts)),
    max,
    pipeline: true,
    stream: () => new GatheringSocket(),
    connectionTimeoutMillis: timeouts.acquireMs,
    // PostgreSQL times statements out itself, but if the network swallows its answers we have to on this side.
    query_timeout: timeouts.answerMs,
    keepAlive: true,
    application_name: 'gomask',
  })
  // Without a listener, an idle connection closed by the server would end the process. The next request opens another.
  pool.on('error', onError)
  return pool
}

function settingsWith({ lockMs, statementMs, idleInTransactionMs }: Timeouts): Settings {
  return {
    ...RELIED_ON,
    role: 'gomask_app',
    // Every statement is short. For one page of accesses, compiling took 2.78 s of 2.82.
    jit: 'off',
    lock_timeout: String(lockMs),
    statement_timeout: String(statementMs),
    idle_in_transaction_session_timeout: String(idleInTransactionMs),
  }
}

async function attempt<T>(pool: pg.Pool, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  // A client that loses its connection while in use emits this and fails its query as well, where it is handled.
  const ignore = () => {}
  client.on('error', ignore)
  let broken: Error | undefined
  const { recorded, failures } = recording(client)
  const sent: Promise<unknown>[] = []
  try {
    // Not awaited: BEGIN leaves in one flush with the work's first statements.
    const begun = recorded.query('begin')
    begun.catch(ignore)
    sent.push(begun)
    const result = await work({ ...queryable(recorded), sent })
    await commit(client, sent)
    return result
  } catch (thrown) {
    broken = await client.query('rollback').then(
      () => undefined,
      (failure: Error) => failure,
    )
    throw isConsequence(thrown) ? (failures[0] ?? thrown) : thrown
  } finally {
    client.off('error', ignore)
    client.release(broken)
  }
}

/**
 * Commits, and acknowledges only what PostgreSQL confirmed. A COMMIT after a failed statement answers ROLLBACK. A lost
 * connection, or a warning (a cancelled wait for a synchronous standby), leaves the outcome unknown.
 */
async function commit(client: pg.PoolClient, sent: readonly Promise<unknown>[]): Promise<void> {
  const warnings: string[] = []
  const onNotice = (notice: { severity?: string | undefined }) => warnings.push(notice.severity ?? '')
  client.on('notice', onNotice)
  try {
    // Sent at once, right behind the statements that nobody has waited for.
    const committed = client.query('commit')
    committed.catch(() => {})
    await Promise.all(sent)
    const { command } = await committed
    if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}`)
  } catch (error) {
    if (isAnsweredError(error)) throw error
    throw new OutcomeUnknown()
  } finally {
    client.off('notice', onNotice)
  }
  if (warnings.length > 0) throw new OutcomeUnknown()
}

// If PostgreSQL itself reported a failed statement, nothing was committed. A lost connection proves nothing.
function isAnsweredError(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== undefined) return !/^(08|57P)/.test(state)
  return driverError(error)?.message.startsWith('COMMIT was') ?? false
}

// After a failed statement every other one fails too: 25P02, or 26000 if its name was never prepared.
function isConsequence(error: unknown): boolean {
  return /^(25P02|26000)$/.test(sqlState(error) ?? '')
}

/**
 * Wraps the client to keep its statements' failures in PostgreSQL's order. When statements are awaited together, one
 * that failed only because of another may be reported first.
 */
function recording(client: pg.PoolClient): { recorded: pg.PoolClient; failures: unknown[] } {
  const failures: unknown[] = []
  const query = (...statement: Parameters<pg.PoolClient['query']>) => {
    const answer = client.query(...statement) as unknown as Promise<unknown>
    answer.catch((error) => failures.push(error))
    return answer
  }
  return { recorded: Object.create(client, { query: { value: query } }), failures }
}
