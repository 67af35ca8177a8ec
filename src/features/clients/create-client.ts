import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { validate } from '../../http/validation.ts'
import { requireExchange } from './exchange-of-app.ts'
import { isPowerful, stateOf } from './powers.ts'
import { insertClient, readClient } from './queries.ts'
import { requireRegulatorRemit } from './regulator-remit.ts'
import { type Client, type ClientBody, clientBody } from './schema.ts'
import { type Asker, ask, needsSecondWord } from './second-word.ts'
import type { NewSecret } from './secret.ts'
import { insertSecret } from './secret-queries.ts'

/**
 * Makes a client, with a secret unless it authenticates with its own keys. A powerful one is suspended until a second
 * admin confirms it. Throws `invalid_request` if the remit, or what it exchanges, does not fit the role.
 */
export async function createClient(
  tx: Transaction,
  body: ClientBody,
  secret: NewSecret | undefined,
  by: Asker,
): Promise<Client> {
  const { role } = body
  requireExchange(role, body)
  await requireRegulatorRemit(tx, role, body)
  const id = uuidv7()
  const waits = isPowerful(role, body.scopes) && (await needsSecondWord(tx, by))
  const active = stateOf({ ...body, status: 'active' })
  await insertClient(tx, id, role, waits ? { ...active, status: 'suspended' } : active)
  if (secret) await insertSecret(tx, id, secret, null)
  if (waits) await ask(tx, id, { change: active, secret: null }, by)
  return readClient(tx, id)
}

/** Validates a client as the API does. Throws `invalid_request`, naming each wrong field. */
export function clientOf(given: unknown): ClientBody {
  const result = validate(clientBody, given, 'client')
  if (result.error) throw result.error
  return result.value
}
