import type { FastifyReply } from 'fastify'
import type { Database } from '../db/database.ts'
import { isTooHeavy } from '../db/failures.ts'
import type { Deps } from './service.ts'

/**
 * Reads from the standby, if there is one and it keeps up, and says in `Age` how many seconds old the answer may be
 * (RFC 9111). Falls back to the primary if the read throws there, be it only for want of a row; but what was too heavy
 * for the standby is not put on the primary too, which has all the writes to do. Only for reads on which no decision or
 * change depends.
 */
export async function readAged<T>(
  { db, replica }: Pick<Deps, 'db' | 'replica'>,
  reply: FastifyReply,
  read: (from: Database) => Promise<T>,
): Promise<T> {
  const age = replica?.age()
  if (!replica || age === undefined) return read(db)
  // Before the reading, which may answer by itself.
  reply.header('age', Math.ceil(age))
  try {
    return await read(replica.db)
  } catch (error) {
    reply.removeHeader('age')
    if (isTooHeavy(error)) throw error
    return read(db)
  }
}
