import pg from 'pg'
import { copyStatement } from './copy.ts'
import type { Database, Owner, Queryable, Transaction } from './database.ts'
import { driverError, OutcomeUnknown, sqlState } from './failures.ts'
import { GatheringSocket } from './gathering.ts'
import { statementOf } from './query.ts'
import { copyOut } from './server-copy.ts'
import { sharing } from './shared.ts'

const TIMEOUTS = { lockMs: 2_000, statementMs: 4_000, acquireMs: 5_000, idleInTransactionMs: 8_000, answerMs: 8_000 }
// One process writes and reads about as fast as one connection of PostgreSQL searches; another two even out what takes longer.
const SHARED_CONNECTIONS = 3

/**
 * Opens a pool on PostgreSQL; every connection works as gomask_app with the timeouts set. Connects at first use.
 * `statementMs` 0 lets statements take as long as they need, for commands that read whole tables.
 */
export function openServer(
  url: string,
  options: { connections: number; statementMs?: number; onError: (error: Error) => void },
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connections,
    pipeline: true,
    stream: () => new GatheringSocket(),
    connectionTimeoutMillis: TIMEOUTS.acquireMs,
    // PostgreSQL ends statements itself, but a network that swallows its answers needs an end on this side.
    ...(options.statementMs !== 0 && { query_timeout: TIMEOUTS.answerMs }),
    keepAlive: true,
    application_name: 'gomask',
    options: settings(options.statementMs ?? TIMEOUTS.statementMs),
  })
  // Where readings never cease, theirs never come back: transactions need connections beside.
  const shared = Math.min(SHARED_CONNECTIONS, Math.floor(options.connections / 2))
  // An idle connection that the server closes would otherwise end the process; the next request opens another.
  pool.on('error', options.onError)
  return {
    kind: 'server',
    ...queryable(pool),
    readings: shared > 0 ? sharing(pool, shared) : queryable(pool),
    attempt: (work) => attempt(pool, work),
    foreign: (sql, values) => pool.query(sql, values),
    copyOut: (query, format) => copyOut(url, settings(0), copyStatement(query, format, 'stdout')),
    isReachable: () => isReachable(pool),
    close: () => pool.end(),
  }
}

function queryable(client: Pick<pg.PoolClient, 'query'>): Queryable {
  return { execute: (query, name) => client.query({ name, ...statementOf(query) }) }
}

function settings(statementMs: number): string {
  return [
    '-c role=gomask_app',
    // Every statement is short; compiling the log of accesses was measured at 2.8 s of its 2.82.
    '-c jit=off',
    `-c lock_timeout=${TIMEOUTS.lockMs}`,
    `-c statement_timeout=${statementMs}`,
    `-c idle_in_transaction_session_timeout=${TIMEOUTS.idleInTransactionMs}`,
  ].join(' ')
}

async function attempt<T>(pool: pg.Pool, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  // A client in use that loses its connection emits this beside failing its query, which is where it is handled.
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
 * Commits, and acknowledges only what PostgreSQL confirmed: a COMMIT behind a failed statement answers ROLLBACK, a
 * connection lost meanwhile or a warning (a cancelled wait for a synchronous standby) leaves the outcome unknown.
 */
async function commit(client: pg.PoolClient, sent: readonly Promise<unknown>[]): Promise<void> {
  const warnings: string[] = []
  const onNotice = (notice: { severity?: string | undefined }) => warnings.push(notice.severity ?? '')
  client.on('notice', onNotice)
  try {
    // Sent at once, behind the statements that nobody has waited for.
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

// PostgreSQL itself said that a statement failed, so that nothing was committed; a lost connection says nothing.
function isAnsweredError(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== undefined) return !/^(08|57P)/.test(state)
  return driverError(error)?.message.startsWith('COMMIT was') ?? false
}

// Behind a failed statement every other fails too: 25P02, or 26000 where its name was never prepared.
function isConsequence(error: unknown): boolean {
  return /^(25P02|26000)$/.test(sqlState(error) ?? '')
}

/**
 * The client, with its statements' failures in the order in which PostgreSQL met them. Of statements that are awaited side
 * by side, one that failed for another's failure may be heard of before it.
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

async function isReachable(pool: pg.Pool): Promise<boolean> {
  const answer = pool.query('select 1').then(
    () => true,
    () => false,
  )
  return Promise.race([answer, new Promise<boolean>((resolve) => setTimeout(resolve, 2_000, false).unref())])
}

// pg answers several statements with a list of results, whatever its types say.
function lastOf(answer: pg.QueryResult | pg.QueryResult[]): pg.QueryResult {
  const [last] = [answer].flat().slice(-1)
  if (!last) throw new Error('no statement was sent')
  return last
}

/** Opens one connection with the login role's own rights. */
export async function openServerOwner(url: string): Promise<Owner> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'gomask migrate',
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => {})
  await client.connect()
  return {
    kind: 'server',
    script: async (sql) => void (await client.query(sql)),
    rows: async (sql, values) => lastOf(await client.query(sql, values)).rows,
    close: () => client.end(),
  }
}
