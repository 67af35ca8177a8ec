import { OutcomeUnknown, sqlState } from '../db/failures.ts'
import { StatementFailed } from '../db/query.ts'
import { Rejection } from '../domain/refusals.ts'

/** A command that cannot do what it was asked; the message is one line for the person at the terminal. */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** An error that is safe to show: PostgreSQL's detail may quote national numbers or secrets. */
export function discreet(error: unknown): unknown {
  if (error instanceof Rejection) return new CommandError(error.message)
  const lost = error instanceof StatementFailed || error instanceof OutcomeUnknown
  const state = sqlState(error) ?? (lost ? 'the connection was lost' : undefined)
  if (state === undefined) return error
  return new CommandError(`the database failed (${state}); run the command again to make sure`)
}
