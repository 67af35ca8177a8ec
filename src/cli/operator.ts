import { hostname, userInfo } from 'node:os'
import { text } from '../http/schemas.ts'
import type { Actor } from '../store/admin-acts.ts'
import { CommandError } from './errors.ts'

const NAME = text(64)

/** The option that names who runs a command. */
export const operator = {
  type: 'string',
  valueHint: 'NAME',
  description: 'who does it, for the journal of administration; your login name if left out',
} as const

/** Who runs a command, as the journal keeps it. Throws a CommandError if the name cannot be kept. */
export function actorOf(command: string, given: string | undefined): Actor {
  const name = NAME.safeParse(given ?? userInfo().username)
  if (!name.success) throw new CommandError(`--operator: ${name.error.issues[0]?.message}`)
  return { role: 'command', name: name.data, act: command, address: hostname() }
}
