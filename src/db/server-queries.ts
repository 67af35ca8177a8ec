import type pg from 'pg'
import type { Queryable } from './database.ts'
import { statementOf } from './query.ts'

const LOOK_MS = 500

/** Runs statements on a connection, or on any of a pool. */
export function queryable(client: Pick<pg.PoolClient, 'query'>): Queryable {
  return { execute: (query, name) => client.query({ name, ...statementOf(query) }) }
}

/**
 * Makes a server look whether whoever waits for a statement is still there: one whose connection was closed would go on
 * until it has rows to send. A server on Windows cannot.
 */
export async function noticeClosing(client: pg.ClientBase): Promise<void> {
  await client.query(`set client_connection_check_interval = ${LOOK_MS}`).catch(() => {})
}

/** Runs each statement until nobody waits for its answer: then the connection is cut, and the server ends it. */
export function untilGone(gone: AbortSignal, pool: pg.Pool): Queryable {
  return {
    async execute(query, name) {
      gone.throwIfAborted()
      const client = await pool.connect()
      const ignore = () => {} // What fails with the connection is its statement.
      client.on('error', ignore)
      const leave = () => cut(client, gone.reason)
      gone.addEventListener('abort', leave)
      try {
        if (gone.aborted) leave()
        return await queryable(client).execute(query, name)
      } finally {
        gone.removeEventListener('abort', leave)
        if (!gone.aborted) client.off('error', ignore)
        client.release(gone.aborted)
      }
    },
  }
}

// Ending it in the client's own way would wait for the statement.
function cut(client: pg.ClientBase, reason: Error): void {
  ;(client as unknown as { connection: pg.Connection }).connection.stream.destroy(reason)
}
