import { defineCommand } from 'citty'
import { clientOf, createClient } from '../../features/clients/create-client.ts'
import { makeSecret } from '../../features/clients/secret.ts'
import { scopes } from '../../http/scopes.ts'
import { discreet } from '../errors.ts'
import { readStorableJsonFile } from '../json-file.ts'
import { actorOf, operator } from '../operator.ts'
import { repeated } from '../repeated.ts'
import { awaitingLine, run } from './run.ts'

/** `gomask client create` */
export const create = defineCommand({
  meta: { name: 'create', description: 'Make a client; print its id, and its secret, which is shown only once' },
  args: {
    name: { type: 'string', required: true, description: 'Whose machine it is.' },
    role: {
      type: 'string',
      required: true,
      description: 'pharmacy (acts for those that grant it), professional (an app), regulator or admin.',
    },
    scope: { type: 'string', required: true, description: `May be given several times: ${scopes.join(', ')}.` },
    territory: { type: 'string', description: 'A territory in a regulator’s remit; may be given several times.' },
    profession: {
      type: 'string',
      description: 'A profession that the remit is limited to; may be given several times.',
    },
    'token-seconds': { type: 'string', description: 'How long its tokens are valid, 300 to 3600; 900 if left out.' },
    issuer: { type: 'string', description: 'Of an app: the issuer whose tokens it exchanges, as tokens name it.' },
    'issuer-client': {
      type: 'string',
      description: 'Of an app: what that issuer calls it (client_id); may be given several times.',
    },
    jwks: { type: 'string', valueHint: 'FILE', description: 'Its public keys (RFC 7517), instead of a secret.' },
    operator,
  },
  async run({ rawArgs, args }) {
    const by = actorOf('client create', args.operator)
    const seconds = args['token-seconds']
    const body = parsed({
      name: args.name,
      role: args.role,
      scopes: repeated(rawArgs, 'scope'),
      territories: repeated(rawArgs, 'territory'),
      professions: repeated(rawArgs, 'profession'),
      ...(args.issuer !== undefined && {
        exchange: { issuer: args.issuer, clients: repeated(rawArgs, 'issuer-client') },
      }),
      ...(seconds !== undefined && { tokenSeconds: Number(seconds) }),
      ...(args.jwks !== undefined && { jwks: await readStorableJsonFile(args.jwks) }),
    })
    const secret = body.jwks ? undefined : await makeSecret()
    const client = await run(by, (tx, asker) => createClient(tx, body, secret, asker))
    console.log(
      `client ${client.id}${secret ? `\nsecret ${secret.text}` : ''}${awaitingLine(client.id, client.awaiting?.id)}`,
    )
  },
})

function parsed(given: unknown): ReturnType<typeof clientOf> {
  try {
    return clientOf(given)
  } catch (error) {
    throw discreet(error)
  }
}
