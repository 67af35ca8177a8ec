import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { invalid } from '../../domain/refusals.ts'
import { insertClient, readClient } from './queries.ts'
import { requireRegulatorRemit } from './regulator-remit.ts'
import { type Client, type ClientBody, clientBody } from './schema.ts'
import type { NewSecret } from './secret.ts'
import { insertSecret } from './secret-queries.ts'

/**
 * Makes a client, with a secret unless it authenticates with its own keys. Throws `invalid_request` if the remit does
 * not fit the role.
 */
export async function createClient(tx: Transaction, body: ClientBody, secret: NewSecret | undefined): Promise<Client> {
  await requireRegulatorRemit(tx, body.role, body)
  const id = uuidv7()
  await insertClient(tx, id, body)
  if (secret) await insertSecret(tx, id, secret, null)
  return readClient(tx, id)
}

/** Validates a client as the API does. Throws `invalid_request`, naming the first wrong field. */
export function clientOf(given: unknown): ClientBody {
  const parsed = clientBody.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid(issue?.path.join('.') || 'client', issue?.message ?? 'is not valid')
}
