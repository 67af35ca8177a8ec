import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from '../../db/database.ts'
import { iso } from '../../domain/instant.ts'
import { phrase } from '../../domain/language.ts'
import { noSuch } from '../../domain/named.ts'
import { isRefusal, type Refusal, type Rejection, refused } from '../../domain/refusals.ts'
import type { Caller } from '../../http/caller.ts'
import type { WebhookKeys } from '../../keys/webhook-keys.ts'
import {
  countEndpoints,
  deleteEndpoint,
  findEndpoint,
  insertEndpoint,
  insertSeed,
  type KeptEndpoint,
  lockEndpoint,
} from './endpoint-queries.ts'
import { requireReadable } from './rights.ts'
import type { Endpoint, EndpointBody } from './schema.ts'
import { publicKeyOf, type Seed } from './signing.ts'

const MOST = 20

/** An endpoint, and what receivers check its messages with if that is public. */
export type NewEndpoint = Endpoint & { publicKey: string | null }

/**
 * Makes an endpoint of a client's. Throws `forbidden` if it asks for what it may not read; the target has been judged
 * before.
 */
export async function createEndpoint(
  tx: Transaction,
  caller: Caller,
  { url, types, pharmacies, signing }: EndpointBody,
  seed: Seed,
  keys: WebhookKeys,
): Promise<NewEndpoint | Refusal> {
  const named = pharmacies === 'all_granted' ? null : pharmacies
  await requireReadable(tx, caller, types, named ?? [])
  if ((await countEndpoints(tx, caller.subject)) >= MOST) return refused('webhook_endpoints_full', full)
  const id = uuidv7()
  await insertEndpoint(tx, caller.subject, { id, url, types, pharmacies: named, signing })
  await insertSeed(tx, id, seed, 0)
  return withKey(await readEndpoint(tx, caller.subject, id, keys))
}

/**
 * Gives an endpoint another secret; messages are signed with the former one too for so many hours. Throws `not_found`.
 */
export async function rotateSecret(
  tx: Transaction,
  client: string,
  id: string,
  { seed, overlapHours }: { seed: Seed; overlapHours: number },
  keys: WebhookKeys,
): Promise<NewEndpoint | Refusal> {
  const ended = await lockLive(tx, client, id)
  if (isRefusal(ended)) return ended
  await insertSeed(tx, id, seed, overlapHours)
  return withKey(await readEndpoint(tx, client, id, keys))
}

/** Deletes an endpoint, with what is still to be delivered, and returns it as it was. Throws `not_found`. */
export async function removeEndpoint(
  tx: Transaction,
  client: string,
  id: string,
  keys: WebhookKeys,
): Promise<Endpoint> {
  const found = await readEndpoint(tx, client, id, keys)
  await deleteEndpoint(tx, id)
  return found
}

/** An endpoint of a client's. Throws `not_found`. */
export async function readEndpoint(db: Queryable, client: string, id: string, keys: WebhookKeys): Promise<Endpoint> {
  const found = await findEndpoint(db, client, id)
  if (!found) throw noSuchEndpoint()
  return endpointView(found, keys)
}

/** Locks an endpoint of a client's that has not ended; its status. Throws `not_found`. */
export async function lockLive(tx: Transaction, client: string, id: string): Promise<'active' | 'paused' | Refusal> {
  const status = await lockEndpoint(tx, client, id)
  if (status === undefined) throw noSuchEndpoint()
  return status === 'ended' ? refused('webhook_endpoint_ended', ended) : status
}

/** An endpoint as its client sees it. */
export function endpointView({ seeds, ...kept }: KeptEndpoint, keys: WebhookKeys): Endpoint {
  return {
    ...kept,
    pharmacies: kept.pharmacies ?? 'all_granted',
    statusSince: iso(kept.statusSince),
    failingSince: kept.failingSince === null ? null : iso(kept.failingSince),
    keys: seeds.map((seed) => ({
      id: seed.id,
      publicKey: kept.signing === 'v1a' ? publicKeyOf(keys, seed) : null,
      createdAt: iso(seed.createdAt),
      expiresAt: seed.expiresAt === null ? null : iso(seed.expiresAt),
    })),
    createdAt: iso(kept.createdAt),
  }
}

function withKey(endpoint: Endpoint): NewEndpoint {
  return { ...endpoint, publicKey: endpoint.keys[0]?.publicKey ?? null }
}

function noSuchEndpoint(): Rejection {
  return noSuch('webhook')
}

const full = {
  en: phrase`This client has ${MOST} webhook endpoints. Delete one first.`,
  fr: phrase`Ce client a ${MOST} points de réception. Supprimez-en un d’abord.`,
}
const ended = {
  en: 'This endpoint has ended, as its receiver said that it is gone. Make another one.',
  fr: 'Ce point de réception est terminé, car son récepteur a dit ne plus exister. Créez-en un autre.',
}
