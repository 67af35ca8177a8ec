import { sqlState } from '../db/failures.ts'
import { Problem } from '../domain/problems.ts'

/** A command that cannot do what it was asked; the message is one line for the person at the terminal. */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * What a command that works on people may say of an error: never a number of theirs, as drizzle's message does, and
 * PostgreSQL's detail.
 */
export function withoutNumber(error: unknown): unknown {
  if (error instanceof Problem) return new CommandError(error.message)
  if (!(error instanceof Error && error.cause instanceof Error)) return error
  const state = sqlState(error) ?? 'the connection was lost'
  return new CommandError(`the database failed (${state}); run the command again to make sure`)
}
