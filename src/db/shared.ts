import type pg from 'pg'
import type { Queryable } from './database.ts'
import { statementOf } from './query.ts'

/** A connection from the pool with several statements under way, one behind the other. */
interface Shared {
  client: Promise<pg.PoolClient>
  underWay: number
}

const ignore = () => {}

/**
 * Runs statements over at most so many connections of the pool, each on the least busy one, and returns a connection
 * when nothing is left on it. Statements are independent: one that fails does not affect another, unless their
 * connection is lost.
 */
export function sharing(pool: pg.Pool, most: number): Queryable {
  const open = new Set<Shared>()

  function choose(): Shared {
    const [first] = [...open].toSorted((a, b) => a.underWay - b.underWay)
    if (first && open.size >= most) return first
    const shared = { client: connect(pool), underWay: 0 }
    open.add(shared)
    return shared
  }

  return {
    async execute(query, name) {
      const shared = choose()
      shared.underWay++
      try {
        const client = await shared.client
        return await client.query({ name, ...statementOf(query) })
      } catch (error) {
        open.delete(shared) // It may be broken, so nothing new goes there; what is on it is still awaited.
        throw error
      } finally {
        shared.underWay--
        if (shared.underWay === 0) release(shared)
      }
    },
  }

  function release(shared: Shared): void {
    const isBroken = !open.delete(shared)
    shared.client.then((client) => {
      client.off('error', ignore)
      client.release(isBroken)
    }, ignore)
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  const client = await pool.connect()
  // A client that loses its connection while in use emits this and fails its statements as well, where it is handled.
  client.on('error', ignore)
  return client
}
