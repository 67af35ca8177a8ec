import { generateKeyPairSync } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { type Signer, signerOf } from '../../src/domain/signed-note.ts'
import type { Issuer } from '../../src/http/issuers/issuer.ts'
import type { Pace, Sandbox } from '../../src/http/service.ts'
import { signToken, type TokenRequest } from '../../src/http/tokens.ts'
import { type SigningKey, signingKeyOf } from '../../src/keys/signing-key.ts'
import { newKey } from '../../src/keys/signing-keys.ts'
import { newWebhookKey, type WebhookKeys, webhookKeyOf } from '../../src/keys/webhook-keys.ts'
import { makeDatabase } from './database.ts'
import { expectNoLeak, hear, overhear, overheardLogger } from './leaks.ts'
import { conformance } from './openapi.ts'
import { seededUuid } from './seed.ts'

/** What a test sends. A key of true is a new one. */
interface Sent {
  token?: string | undefined
  body?: unknown
  key?: string | true
  headers?: Record<string, string>
  /** The address that it comes from; 127.0.0.1 unless said. */
  address?: string
}

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as callers do; the OpenAPI document types them.
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
  webhookKeys: WebhookKeys
  /** The lines of its log. */
  logged: string[]
  /** What Prometheus would be told now. */
  metrics(): Promise<string>
  call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, sent?: Sent): Promise<Answer>
  token(request: Omit<TokenRequest, 'ttlSeconds'> & { ttlSeconds?: number }): Promise<string>
}

type Ending = Pick<Test, 'teardown'> & Partial<Pick<Test, 'comment'>>

/** Starts a service for a test file; it ends with the test, which fails if it has said what it must not. */
export async function startService(
  t: Ending,
  overrides: Partial<Config> = {},
  options: {
    connections?: number
    routes?: (app: FastifyInstance) => void
    issuers?: (db: Database) => Issuer[]
    pace?: Pace
  } = {},
): Promise<Service> {
  const { db, url, dataDir, drop } = await makeDatabase(options.connections)
  t.teardown(drop)
  const config = { ...loadConfig({}), RATE_LIMIT: 0, ...overrides }
  const webhookKeys = makeWebhookKeys()
  const made = { db, url, dataDir, config, key: await makeKey(), signers: [makeSigner()] as [Signer], webhookKeys }
  return startBeside(t, made, options)
}

/** Starts another process's service on the database of one, as far as the two can tell. */
export async function startBeside(
  t: Ending,
  {
    db,
    url,
    dataDir,
    config,
    key,
    signers,
    webhookKeys,
  }: Pick<Service, 'db' | 'url' | 'dataDir' | 'config' | 'key' | 'signers' | 'webhookKeys'>,
  {
    routes,
    issuers,
    sandbox,
    pace,
  }: {
    routes?: (app: FastifyInstance) => void
    issuers?: (db: Database) => Issuer[]
    sandbox?: Sandbox
    pace?: Pace
  } = {},
): Promise<Service> {
  const logged: string[] = []
  const keys = [key] as [SigningKey]
  const deps = { config, db, keys, issuers: issuers?.(db) ?? [], signers, webhookKeys, sandbox, pace }
  const app = await buildApp(deps, overheardLogger(logged))
  routes?.(app)
  await app.ready()
  overhear(app)
  t.teardown(async () => {
    hear('metric', await app.metrics.client.register.metrics())
    await app.close()
    const heard = expectNoLeak()
    t.comment?.(heard)
  })
  const call = callsOn(app, documentOf(app))
  const token: Service['token'] = (request) => signToken(key, { ttlSeconds: 3600, ...request })
  const metrics = () => app.metrics.client.register.metrics()
  return { app, db, url, dataDir, config, key, signers, webhookKeys, logged, metrics, call, token }
}

/** By the routes that it describes, as to write it takes longer than to start the service. */
const documents = new Map<string, object>()

function documentOf(app: FastifyInstance): object {
  const routes = app.printRoutes({ commonPrefix: false })
  const document = documents.get(routes) ?? app.swagger()
  documents.set(routes, document)
  return document
}

function callsOn(app: FastifyInstance, document: object): Service['call'] {
  const conforms = conformance(document)
  return async (method, path, { token, body, key, headers, address } = {}) => {
    const response = await app.inject({
      method,
      url: path,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(key && { 'idempotency-key': key === true ? seededUuid() : key }),
        ...headers,
      },
      ...(body !== undefined && { payload: body as object }),
      ...(address && { remoteAddress: address }),
    })
    const type = String(response.headers['content-type'] ?? '')
    const answer = /[/+]json/.test(type) ? response.json() : response.body
    conforms(method, path.split('?')[0] ?? path, {
      status: response.statusCode,
      headers: response.headers,
      body: answer,
    })
    return { status: response.statusCode, body: answer, headers: response.headers as Answer['headers'] }
  }
}

/** A key of the ledger for tests. */
export function makeSigner(origin = 'test'): Signer {
  return signerOf(origin, generateKeyPairSync('ed25519').privateKey)
}

/** What secrets of webhooks are derived from, for tests. */
export function makeWebhookKeys(): WebhookKeys {
  return [webhookKeyOf(newWebhookKey())]
}

/** A signing key for tests. */
export function makeKey(): Promise<SigningKey> {
  return signingKeyOf(newKey())
}
