import type { Transaction } from '../../db/database.ts'
import type { Instant } from '../../domain/instant.ts'
import { invalid, isRefusal, type Refusal, Rejection, refused } from '../../domain/refusals.ts'
import { lockLiveClient } from './change-client.ts'
import { isPowerful } from './powers.ts'
import { lockClient, readClient } from './queries.ts'
import type { Client, Secret } from './schema.ts'
import { type Asker, ask, needsSecondWord } from './second-word.ts'
import type { NewSecret } from './secret.ts'
import { dropSecret, insertSecret, secretView } from './secret-queries.ts'

/**
 * Gives a client another secret, at most two at a time; one for a powerful client waits for a second admin. Throws
 * `not_found` if there is no such client.
 */
export async function addSecret(
  tx: Transaction,
  id: string,
  { id: secret, hash }: Pick<NewSecret, 'id' | 'hash'>,
  by: Asker,
  expiresAt: Instant | null = null,
): Promise<(Secret & { awaiting: string | null }) | Refusal> {
  const client = await lockLiveClient(tx, id)
  if (isRefusal(client)) return client
  const { at: createdAt } = client
  if (expiresAt !== null && expiresAt <= createdAt)
    throw invalid('expiresAt', { en: 'must lie ahead', fr: 'doit être dans l’avenir' })
  const { role, scopes, secrets } = await readClient(tx, id)
  if (isPowerful(role, scopes) && (await needsSecondWord(tx, by))) {
    if (secrets.length > 1) return isFull()
    const awaiting = await ask(tx, id, { change: null, secret: { id: secret, hash, expiresAt } }, by)
    return { ...secretView({ id: secret, createdAt, expiresAt }), awaiting }
  }
  const kept = await keepSecret(tx, id, { id: secret, hash }, expiresAt)
  return isRefusal(kept) ? kept : { ...kept, awaiting: null }
}

/** Keeps a secret of a locked client, at most two at a time. */
export async function keepSecret(
  tx: Transaction,
  client: string,
  secret: Pick<NewSecret, 'id' | 'hash'>,
  expiresAt: Instant | null,
): Promise<Secret | Refusal> {
  return (await insertSecret(tx, client, secret, expiresAt)) ?? isFull()
}

/** Deletes a secret: nobody gets a token with it any more, but those issued stay valid. Throws `not_found`. */
export async function deleteSecret(tx: Transaction, id: string, secret: string): Promise<Client> {
  const client = await lockClient(tx, id)
  if (!client || !(await dropSecret(tx, id, secret))) throw noSuchSecret()
  return readClient(tx, id)
}

function isFull(): Refusal {
  return refused('client_secrets_full', {
    en: 'This client has two live secrets. Delete the old one first.',
    fr: 'Ce client a déjà deux secrets valides. Supprimez d’abord l’ancien.',
  })
}

function noSuchSecret(): Rejection {
  return new Rejection('not_found', { en: 'There is no such secret.', fr: 'Ce secret n’existe pas.' })
}
