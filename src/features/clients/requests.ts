import type { Transaction } from '../../db/database.ts'
import { noSuch } from '../../domain/named.ts'
import { isRefusal, type Refusal, Rejection } from '../../domain/refusals.ts'
import { lockLiveClient } from './change-client.ts'
import { lockClient, readClient, updateClient } from './queries.ts'
import { requireRegulatorRemit } from './regulator-remit.ts'
import { endRequest, findOpenRequest, type OpenRequest } from './request-queries.ts'
import type { Client } from './schema.ts'
import type { Asker } from './second-word.ts'
import { keepSecret } from './secrets.ts'

/**
 * Does what another admin has asked for. Throws `not_found` if that request is not open, `forbidden` if it was the same
 * admin.
 */
export async function confirmRequest(
  tx: Transaction,
  id: string,
  request: string,
  { name }: Asker,
): Promise<Client | Refusal> {
  const client = await lockLiveClient(tx, id)
  if (isRefusal(client)) return client
  const { askedBy, change, secret } = await openRequest(tx, id, request)
  if (askedBy === name)
    throw new Rejection('forbidden', {
      en: 'You asked for this yourself: another admin confirms it.',
      fr: 'Vous avez vous-même fait cette demande : un autre administrateur la confirme.',
    })
  if (change) {
    await requireRegulatorRemit(tx, client.role, change)
    await updateClient(tx, id, change)
  } else {
    const kept = await keepSecret(tx, id, secret, secret.expiresAt)
    if (isRefusal(kept)) return kept
  }
  await endRequest(tx, id, name, true)
  return readClient(tx, id)
}

/** Ends a request without doing what it asks for. Throws `not_found` if it is not open. */
export async function withdrawRequest(tx: Transaction, id: string, request: string, { name }: Asker): Promise<Client> {
  if (!(await lockClient(tx, id))) throw noSuch('client')
  await openRequest(tx, id, request)
  await endRequest(tx, id, name, false)
  return readClient(tx, id)
}

// By its id, so that nobody confirms what replaced the request meanwhile.
async function openRequest(tx: Transaction, client: string, request: string): Promise<OpenRequest> {
  const open = await findOpenRequest(tx, client)
  if (open?.id === request) return open
  throw new Rejection('not_found', {
    en: 'There is no such open request: it was confirmed, withdrawn or replaced.',
    fr: 'Aucune demande en attente ne correspond : elle a été confirmée, retirée ou remplacée.',
  })
}
