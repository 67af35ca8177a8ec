import { defineCommand } from 'citty'
import { decodeJwt } from 'jose'
import { uuid } from '../http/schemas.ts'
import { revokeToken } from '../store/revoked-tokens.ts'
import { run } from './clients/run.ts'
import { CommandError } from './errors.ts'
import { actorOf, operator } from './operator.ts'
import { LONGEST_SECONDS } from './token.ts'

/** `gomask revoke-token` */
export const revokeTokenCommand = defineCommand({
  meta: {
    name: 'revoke-token',
    description: 'End a token of this service before its time, within a second in every process. Safe to run again.',
  },
  args: {
    token: {
      type: 'positional',
      required: true,
      description: 'the token, or the id in it (jti)',
    },
    operator,
  },
  async run({ args }) {
    const { id, endsAt } = named(args.token)
    await run(actorOf('revoke-token', args.operator), (tx) => revokeToken(tx, id, endsAt))
    console.log(`revoked ${id}`)
  },
})

// Of an id alone nobody knows when its token ends, but no token lives longer.
function named(given: string): { id: string; endsAt: number } {
  if (uuid.safeParse(given).success) return { id: given, endsAt: Date.now() + LONGEST_SECONDS * 1_000 }
  try {
    const { jti, exp = 0 } = decodeJwt(given)
    return { id: uuid.parse(jti), endsAt: exp * 1_000 }
  } catch {
    throw new CommandError('TOKEN: neither an id nor a token that has one; rotate the key to end older ones')
  }
}
