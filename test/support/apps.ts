import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Scope } from '../../src/http/scopes.ts'
import { askToken, basic, type MadeClient, makeClient } from './clients.ts'
import { INTROSPECTING } from './provider.ts'
import type { Answer, Service } from './service.ts'

/** What an app is for: finding masks, and reserving them. */
export const APP: Scope[] = ['stock:read', 'reservations:read', 'reservations:write', 'rules:read']
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** How a service asks a provider about tokens, with the secret in a file that ends with the test. */
export async function byIntrospection(t: Pick<Test, 'teardown'>, more: object = {}): Promise<{ exchange: object }> {
  const folder = await mkdtemp(join(tmpdir(), 'gomask-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const clientSecretFile = join(folder, 'secret')
  await writeFile(clientSecretFile, `${INTROSPECTING.clientSecret}\n`)
  return { exchange: { check: 'introspection', clientId: INTROSPECTING.clientId, clientSecretFile, ...more } }
}

/** Makes the client of an app, which the issuer calls `app`. */
export function makeApp(
  service: Pick<Service, 'call'>,
  admin: string,
  { issuer }: { issuer: string },
  more: object = {},
): Promise<MadeClient> {
  const exchange = { issuer, clients: ['app'] }
  return makeClient(service, admin, { role: 'professional', name: 'Une application', scopes: APP, exchange, ...more })
}

/** Asks for a token in exchange for this one, as an app would, or as said. */
export function exchangeToken(
  service: Pick<Service, 'call'>,
  app: MadeClient,
  subjectToken: string,
  form: Record<string, string> = {},
): Promise<Answer> {
  return askToken(service, basic(app), {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: ACCESS_TOKEN,
    ...form,
  })
}
