import { defineCommand } from 'citty'
import { grantClient, withdrawGrant } from '../features/clients/grants.ts'
import { listClients } from '../features/clients/queries.ts'
import { resume, revoke, revokeClientTokens, secret, suspend } from './clients/changes.ts'
import { create } from './clients/create.ts'
import { confirm, decline } from './clients/requests.ts'
import { awaitingLine, finess, finessOf, id, idOf, run } from './clients/run.ts'
import { actorOf, operator } from './operator.ts'

const BY = 'admin gomask client' // Whoever has the database's password is an admin.

const list = defineCommand({
  meta: {
    name: 'list',
    description:
      'Print the clients, newest first: id, status, role, pharmacies, secrets, name, and what awaits another person',
  },
  async run() {
    await run(null, async (tx) => {
      for (let page = await listClients(tx, null, 100); page.length > 0; ) {
        for (const each of page) {
          const { pharmacies, secrets } = each
          const line = [each.id, each.status, each.role, pharmacies, secrets.length, each.name].join('  ')
          console.log(`${line}${awaitingLine(each.id, each.awaiting?.id)}`)
        }
        page = await listClients(tx, page.at(-1)?.id ?? null, 100)
      }
    })
  },
})

const grant = defineCommand({
  meta: { name: 'grant', description: 'Let a client act for a pharmacy, whose mandate you hold on paper' },
  args: { id, finess, operator },
  async run({ args }) {
    const granted = await run(actorOf('client grant', args.operator), (tx) =>
      grantClient(tx, finessOf(args.finess), idOf(args.id), BY),
    )
    console.log(granted.created ? 'granted' : 'granted already')
  },
})

const withdraw = defineCommand({
  meta: { name: 'withdraw', description: 'End a grant' },
  args: { id, finess, operator },
  async run({ args }) {
    const { withdrawnAt } = await run(actorOf('client withdraw', args.operator), (tx) =>
      withdrawGrant(tx, finessOf(args.finess), idOf(args.id), BY),
    )
    console.log(`withdrawn ${withdrawnAt}`)
  },
})

/** `gomask client` */
export const client = defineCommand({
  meta: {
    name: 'client',
    description:
      'Manage machines that get tokens at /oauth/token. Changes take effect within a second in every process',
  },
  subCommands: {
    create,
    list,
    secret,
    suspend,
    resume,
    revoke,
    confirm,
    decline,
    'revoke-tokens': revokeClientTokens,
    grant,
    withdraw,
  },
})
