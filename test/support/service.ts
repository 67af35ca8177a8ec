import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { type Signer, signerOf } from '../../src/domain/signed-note.ts'
import type { Issuer } from '../../src/http/issuers/issuer.ts'
import { type SigningKey, signingKeyOf, signToken, type TokenRequest } from '../../src/http/keys.ts'
import { newKey } from '../../src/signing-keys.ts'
import { makeDatabase } from './database.ts'
import { conformance } from './openapi.ts'

/** What a test sends. A key of true is a new one. */
interface Sent {
  token?: string | undefined
  body?: unknown
  key?: string | true
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as their readers do; the OpenAPI document types them.
  body: any
  headers: Record<string, string | string[] | number | undefined>
}

/** The application over a database of its own, called without a network; every answer is held against its document. */
export interface Service {
  app: FastifyInstance
  db: Database
  url: string | undefined
  dataDir: string | undefined
  config: Config
  key: SigningKey
  signers: [Signer]
  call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, sent?: Sent): Promise<Answer>
  token(request: Omit<TokenRequest, 'ttlSeconds'> & { ttlSeconds?: number }): Promise<string>
}

/** Starts a service for a test file; it ends with the test. */
export async function startService(
  t: Pick<Test, 'teardown'>,
  overrides: Partial<Config> = {},
  options: { connections?: number; logger?: FastifyBaseLogger; issuers?: (db: Database) => Issuer[] } = {},
): Promise<Service> {
  const { db, url, dataDir, drop } = await makeDatabase(options.connections)
  const config = { ...loadConfig({}), RATE_LIMIT: 0, ...overrides }
  const key = await makeKey()
  const signers: [Signer] = [makeSigner()]
  const issuers = options.issuers?.(db) ?? []
  const app = await buildApp({ config, db, keys: [key], issuers, signers }, options.logger)
  await app.ready()
  t.teardown(async () => {
    await app.close()
    await drop()
  })
  const conforms = conformance(app.swagger())
  return {
    app,
    db,
    url,
    dataDir,
    config,
    key,
    signers,
    token: (request) => signToken(key, { ttlSeconds: 3600, ...request }),
    call: async (method, path, { token, body, key: idempotencyKey, headers } = {}) => {
      const response = await app.inject({
        method,
        url: path,
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(idempotencyKey && { 'idempotency-key': idempotencyKey === true ? randomUUID() : idempotencyKey }),
          ...headers,
        },
        ...(body !== undefined && { payload: body as object }),
      })
      const type = String(response.headers['content-type'] ?? '')
      const answer = /[/+]json/.test(type) ? response.json() : response.body
      conforms(method, path.split('?')[0] ?? path, response.statusCode, type, answer)
      return { status: response.statusCode, body: answer, headers: response.headers as Answer['headers'] }
    },
  }
}

/** A key of the ledger for tests. */
export function makeSigner(origin = 'test'): Signer {
  return signerOf(origin, generateKeyPairSync('ed25519').privateKey)
}

/** A signing key for tests. */
export function makeKey(): Promise<SigningKey> {
  return signingKeyOf(newKey())
}
