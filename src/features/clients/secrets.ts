import type { Transaction } from '../../db/database.ts'
import type { Instant } from '../../domain/instant.ts'
import { invalid, isRefusal, type Refusal, Rejection, refused } from '../../domain/refusals.ts'
import { lockLiveClient } from './change-client.ts'
import { lockClient, readClient } from './queries.ts'
import type { Client, Secret } from './schema.ts'
import type { NewSecret } from './secret.ts'
import { dropSecret, insertSecret } from './secret-queries.ts'

/** Gives a client another secret, at most two at a time. Throws `not_found` if there is no such client. */
export async function addSecret(
  tx: Transaction,
  id: string,
  secret: NewSecret,
  expiresAt: Instant | null = null,
): Promise<Secret | Refusal> {
  const client = await lockLiveClient(tx, id)
  if (isRefusal(client)) return client
  if (expiresAt !== null && expiresAt <= client.at) throw invalid('expiresAt', 'must lie ahead')
  const kept = await insertSecret(tx, id, secret, expiresAt)
  return kept ?? refused('client_secrets_full', 'This client has two live secrets. Delete the old one first.')
}

/** Deletes a secret: nobody gets a token with it any more, but those issued stay valid. Throws `not_found`. */
export async function deleteSecret(tx: Transaction, id: string, secret: string): Promise<Client> {
  const client = await lockClient(tx, id)
  if (!client || !(await dropSecret(tx, id, secret))) throw new Rejection('not_found', 'There is no such secret.')
  return readClient(tx, id)
}
