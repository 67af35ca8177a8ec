import { defineCommand } from 'citty'
import { revokeTokens, setStatus } from '../../features/clients/change-client.ts'
import { makeSecret } from '../../features/clients/secret.ts'
import { addSecret, deleteSecret } from '../../features/clients/secrets.ts'
import { actorOf, operator } from '../operator.ts'
import { awaitingLine, id, idOf, run } from './run.ts'

const statusCommand = (name: string, status: 'active' | 'suspended' | 'revoked', description: string) =>
  defineCommand({
    meta: { name, description },
    args: { id, operator },
    async run({ args }) {
      const client = await run(actorOf(`client ${name}`, args.operator), (tx, asker) =>
        setStatus(tx, idOf(args.id), status, asker),
      )
      console.log(`client ${client.id} ${client.status}${awaitingLine(client.id, client.awaiting?.id)}`)
    },
  })

export const suspend = statusCommand(
  'suspend',
  'suspended',
  'Refuse a client, including its live tokens, until it is resumed',
)
export const resume = statusCommand('resume', 'active', 'End the suspension of a client')
export const revoke = statusCommand('revoke', 'revoked', 'Refuse a client, including its live tokens, for good')

export const revokeClientTokens = defineCommand({
  meta: { name: 'revoke-tokens', description: 'Refuse the tokens issued to a client so far; it may get new ones' },
  args: { id, operator },
  async run({ args }) {
    const client = await run(actorOf('client revoke-tokens', args.operator), (tx) => revokeTokens(tx, idOf(args.id)))
    console.log(`client ${client.id} tokens issued until ${client.tokensFrom} are refused`)
  },
})

const add = defineCommand({
  meta: { name: 'add', description: 'Give a client another secret, at most two; it is printed only once' },
  args: { id, operator },
  async run({ args }) {
    const secret = await makeSecret()
    const { awaiting } = await run(actorOf('client secret add', args.operator), (tx, asker) =>
      addSecret(tx, idOf(args.id), secret, asker),
    )
    console.log(`secret ${secret.text}${awaitingLine(args.id, awaiting)}`)
  },
})

const remove = defineCommand({
  meta: { name: 'delete', description: 'Delete a secret of a client; tokens already issued stay valid' },
  args: {
    id,
    secret: { type: 'positional', required: true, description: 'the secret’s id: the part before its dot' },
    operator,
  },
  async run({ args }) {
    const { secrets } = await run(actorOf('client secret delete', args.operator), (tx) =>
      deleteSecret(tx, idOf(args.id), idOf(args.secret, 'SECRET')),
    )
    console.log(`secrets left ${secrets.length}`)
  },
})

export const secret = defineCommand({
  meta: {
    name: 'secret',
    description: 'Rotate the secret of a client: add one, let the machine take it, delete the old',
  },
  subCommands: { add, delete: remove },
})
