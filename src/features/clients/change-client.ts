import type { Transaction } from '../../db/database.ts'
import { requireSame } from '../../domain/named.ts'
import { type Refusal, Rejection, refused } from '../../domain/refusals.ts'
import { lockClient, readClient, refuseTokens, updateClient, updateStatus } from './queries.ts'
import { requireRegulatorRemit } from './regulator-remit.ts'
import type { Client, ClientChange } from './schema.ts'

/** Changes a client; tokens already issued follow within a second. Throws `not_found` if there is none. */
export async function changeClient(tx: Transaction, id: string, change: ClientChange): Promise<Client | Refusal> {
  const { role, status } = await existing(tx, id)
  requireSame('id', change.id, id)
  requireSame('role', change.role, role)
  if (status === 'revoked' && change.status !== 'revoked') return isRevoked()
  await requireRegulatorRemit(tx, role, change)
  await updateClient(tx, id, change)
  return readClient(tx, id)
}

/** Changes only the status of a client. Throws `not_found` if there is none. */
export async function setStatus(tx: Transaction, id: string, status: Client['status']): Promise<Client | Refusal> {
  const client = await existing(tx, id)
  if (client.status === 'revoked' && status !== 'revoked') return isRevoked()
  await updateStatus(tx, id, status)
  return readClient(tx, id)
}

/**
 * Refuses the tokens issued to a client so far, within a second everywhere; it may get new ones. Throws `not_found`.
 */
export async function revokeTokens(tx: Transaction, id: string): Promise<Client> {
  await existing(tx, id)
  await refuseTokens(tx, id)
  return readClient(tx, id)
}

/** Locks a client that is about to be given something. Throws `not_found` if there is none. */
export async function lockLiveClient(
  tx: Transaction,
  id: string,
): Promise<NonNullable<Awaited<ReturnType<typeof lockClient>>> | Refusal> {
  const client = await existing(tx, id)
  return client.status === 'revoked' ? isRevoked() : client
}

async function existing(tx: Transaction, id: string) {
  const client = await lockClient(tx, id)
  if (!client) throw new Rejection('not_found', 'There is no such client.')
  return client
}

function isRevoked(): Refusal {
  return refused('client_revoked', 'This client was revoked, for good. Make another one.')
}
