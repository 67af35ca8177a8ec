import type { Transaction } from '../../db/database.ts'
import { noSuch, requireSame } from '../../domain/named.ts'
import { type Refusal, refused } from '../../domain/refusals.ts'
import { requireExchange } from './exchange-of-app.ts'
import { type ClientState, isPowerful, stateOf, widens } from './powers.ts'
import { lockClient, readClient, refuseTokens, updateClient } from './queries.ts'
import { requireRegulatorRemit } from './regulator-remit.ts'
import { endRequest } from './request-queries.ts'
import type { Client, ClientChange } from './schema.ts'
import { type Asker, ask, needsSecondWord } from './second-word.ts'

/**
 * Changes a client; tokens already issued follow within a second. What lets a powerful client do more waits for another
 * admin. Throws `not_found` if there is none.
 */
export async function changeClient(
  tx: Transaction,
  id: string,
  change: ClientChange,
  by: Asker,
): Promise<Client | Refusal> {
  const { role } = await existing(tx, id)
  requireSame('id', change.id, id)
  requireSame('role', change.role, role)
  return changeTo(tx, await readClient(tx, id), stateOf(change), by)
}

/** Changes only the status of a client, as `changeClient` would. Throws `not_found` if there is none. */
export async function setStatus(
  tx: Transaction,
  id: string,
  status: Client['status'],
  by: Asker,
): Promise<Client | Refusal> {
  await existing(tx, id)
  const before = await readClient(tx, id)
  return changeTo(tx, before, { ...stateOf(before), status }, by)
}

async function changeTo(tx: Transaction, before: Client, after: ClientState, by: Asker): Promise<Client | Refusal> {
  const { id, role } = before
  if (before.status === 'revoked' && after.status !== 'revoked') return isRevoked()
  requireExchange(role, after)
  await requireRegulatorRemit(tx, role, after)
  const gainsPower = after.status !== 'revoked' && isPowerful(role, after.scopes) && widens(before, after)
  if (gainsPower && (await needsSecondWord(tx, by))) {
    await ask(tx, id, { change: after, secret: null }, by)
  } else {
    // What was asked for was about the client as it was.
    await endRequest(tx, id, by.name, false)
    await updateClient(tx, id, after)
  }
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
  if (!client) throw noSuch('client')
  return client
}

function isRevoked(): Refusal {
  return refused('client_revoked', {
    en: 'This client was revoked, for good. Make another one.',
    fr: 'Ce client a été révoqué définitivement. Créez-en un autre.',
  })
}
