import type pg from 'pg'
import type { Queryable } from './database.ts'
import { statementOf } from './query.ts'

/** A connection out of the pool, on which several statements are under way, one behind the other. */
interface Shared {
  client: Promise<pg.PoolClient>
  underWay: number
}

const ignore = () => {}

/**
 * Runs statements over at most so many connections of the pool at once, each on the one that has the fewest under way, and
 * gives a connection back when none is left on it. Each stands by itself: the failure of one is not that of another, but
 * for the loss of their connection.
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
        open.delete(shared) // Nobody else shall come to a connection that may be broken; those on it are still waited for.
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
  // A client in use that loses its connection emits this beside failing its statements, which is where it is handled.
  client.on('error', ignore)
  return client
}
