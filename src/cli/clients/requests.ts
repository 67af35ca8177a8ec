import { defineCommand } from 'citty'
import { confirmRequest, withdrawRequest } from '../../features/clients/requests.ts'
import { actorOf, operator } from '../operator.ts'
import { id, idOf, run } from './run.ts'

const args = {
  id,
  request: { type: 'positional', required: true, description: 'the request’s id, as `client list` prints it' },
  operator,
} as const

export const confirm = defineCommand({
  meta: { name: 'confirm', description: 'Do what somebody else asked for a client' },
  args,
  async run({ args: { id, request, operator } }) {
    const client = await run(actorOf('client confirm', operator), (tx, asker) =>
      confirmRequest(tx, idOf(id), idOf(request, 'REQUEST'), asker),
    )
    console.log(`client ${client.id} ${client.status}`)
  },
})

export const decline = defineCommand({
  meta: { name: 'decline', description: 'Withdraw what was asked for a client' },
  args,
  async run({ args: { id, request, operator } }) {
    const client = await run(actorOf('client decline', operator), (tx, asker) =>
      withdrawRequest(tx, idOf(id), idOf(request, 'REQUEST'), asker),
    )
    console.log(`client ${client.id} ${client.status}`)
  },
})
