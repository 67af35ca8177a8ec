import { type Config, loadConfig } from '../../config.ts'
import type { Transaction } from '../../db/database.ts'
import { openReady } from '../../db/open.ts'
import { inTransaction } from '../../db/transaction.ts'
import { finessNumber } from '../../domain/identifiers.ts'
import { inLanguage } from '../../domain/language.ts'
import { isRefusal, type Refusal } from '../../domain/refusals.ts'
import type { Asker } from '../../features/clients/second-word.ts'
import { uuid } from '../../http/schemas.ts'
import { commandLogger } from '../../logger.ts'
import { type Actor, sayWho } from '../../store/admin-acts.ts'
import { CommandError, discreet } from '../errors.ts'

/**
 * Runs a verb in its own transaction, under the name of who changes something. A refusal, or anything else that goes
 * wrong, is a CommandError of one line.
 */
export async function run<T>(
  by: Actor | null,
  verb: (tx: Transaction, asker: Asker) => Promise<T | Refusal>,
): Promise<T> {
  const config = loadConfig()
  const db = await openReady(config, commandLogger(config.LOG_LEVEL))
  try {
    const result = await inTransaction(db, (tx) => {
      if (by) sayWho(tx, by)
      return verb(tx, askerOf(by, config))
    })
    if (isRefusal(result)) throw new CommandError(inLanguage(result.detail, 'en'))
    return result
  } catch (error) {
    throw discreet(error)
  } finally {
    await db.close()
  }
}

// Of commands an operator's name is the person.
function askerOf(by: Actor | null, { FOUR_EYES }: Config): Asker {
  return { name: `command ${by?.name ?? ''}`, fourEyes: FOUR_EYES }
}

/** What to say of a client that waits for a second person; nothing if it does not. */
export function awaitingLine(id: string, request: string | null | undefined): string {
  return request ? `\nawaits another person: gomask client confirm ${id} ${request} --operator NAME` : ''
}

/** The argument that names a client. */
export const id = { type: 'positional', required: true, description: 'the client’s id' } as const

/** The argument that names a pharmacy. */
export const finess = { type: 'positional', required: true, description: 'the pharmacy’s FINESS number' } as const

/** Checks an id given on the command line. Throws a CommandError if it is not one. */
export function idOf(given: string, name = 'ID'): string {
  if (!uuid.safeParse(given).success) throw new CommandError(`${name}: not an id`)
  return given
}

/** Checks a FINESS number given on the command line. Throws a CommandError if it is not one. */
export function finessOf(given: string): string {
  const number = finessNumber(given)
  if (number === undefined) throw new CommandError('FINESS: not a FINESS number with a right key')
  return number
}
