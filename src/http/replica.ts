import type { FastifyReply } from 'fastify'
import type { Database } from '../db/database.ts'
import type { Deps } from './service.ts'

/**
 * Reads from the standby, where there is one that is fit, and says in `Age` how many seconds old the answer may be (RFC
 * 9111). What the standby lacks or fails at, the primary is asked for. Only for what decides nothing and changes nothing.
 */
export async function readAged<T>(
  { db, replica }: Pick<Deps, 'db' | 'replica'>,
  reply: FastifyReply,
  read: (from: Database) => Promise<T>,
): Promise<T> {
  const age = replica?.age()
  if (!replica || age === undefined) return read(db)
  try {
    const found = await read(replica.db)
    reply.header('age', Math.ceil(age))
    return found
  } catch {
    return read(db)
  }
}
