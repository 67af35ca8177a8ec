import { createHash } from 'node:crypto'
import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import type { Queryable } from '../../db/database.ts'
import { uuid } from '../../http/schemas.ts'
import type { Credentials } from './credentials.ts'
import { assertionAlgorithms } from './jwks.ts'
import { isSecret, secretIdOf } from './secret.ts'
import { findKnownClient, type KnownClient, takeAssertion } from './token-queries.ts'

/** The result. On failure, `why` is for the log only, and `known` is the client's id if there is such a client. */
export type Authentication = { client: KnownClient } | { client?: never; why: string; known?: string | undefined }

const LONGEST_LIFE_SECONDS = 300
const TOLERANCE_SECONDS = 10

/** Authenticates an active client. */
export async function authenticateClient(
  db: Queryable,
  credentials: Credentials,
  audiences: string[],
): Promise<Authentication> {
  const secretId = credentials.method === 'client_secret_basic' ? secretIdOf(credentials.secret) : undefined
  const found = uuid.safeParse(credentials.client).success
    ? await findKnownClient(db, credentials.client, secretId ?? null)
    : undefined
  const why =
    credentials.method === 'client_secret_basic'
      ? await wrongSecret(found, credentials.secret)
      : await wrongAssertion(db, found, credentials.assertion, audiences)
  if (why !== undefined || !found) return { why: why ?? 'unknown client', known: found?.id }
  return found.status === 'active' ? { client: found } : { why: found.status, known: found.id }
}

async function wrongSecret(client: KnownClient | undefined, secret: string): Promise<string | undefined> {
  return (await isSecret(secret, client?.hash ?? undefined)) ? undefined : 'wrong secret'
}

async function wrongAssertion(
  db: Queryable,
  client: KnownClient | undefined,
  assertion: string,
  audiences: string[],
): Promise<string | undefined> {
  if (!client?.jwks) return 'no keys'
  try {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(client.jwks), {
      algorithms: assertionAlgorithms,
      issuer: client.id,
      subject: client.id,
      audience: audiences,
      requiredClaims: ['exp', 'jti'],
      currentDate: new Date(client.at * 1000),
      clockTolerance: TOLERANCE_SECONDS,
    })
    const { exp = 0, jti, aud } = payload
    // If an assertion is meant for others as well, they could use it here.
    if ([aud].flat().length !== 1) return 'several audiences'
    if (exp > client.at + LONGEST_LIFE_SECONDS + TOLERANCE_SECONDS) return 'lives too long'
    if (typeof jti !== 'string' || jti === '') return 'no jti'
    return (await takeAssertion(db, client.id, createHash('sha256').update(jti).digest(), exp)) ? undefined : 'replayed'
  } catch (error) {
    if (error instanceof errors.JOSEError) return error.code
    throw error
  }
}
