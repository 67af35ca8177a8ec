import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { Replica } from '../db/replica.ts'
import type { Signer } from '../domain/signed-note.ts'
import type { SigningKeys } from '../keys/signing-key.ts'
import type { WebhookKeys } from '../keys/webhook-keys.ts'
import type { Issuer } from './issuers/issuer.ts'

/** A service that is for trying out alone: who and what is in it. No setting of a real service makes one. */
export interface Sandbox {
  people: { name: string; role: string; subject: string; token: string }[]
  pharmacies: { finess: string; name: string }[]
  products: { code: string; gtin: string; unitsPerBox: number }[]
  client: { id: string; secret: string }
}

/** What the application needs. */
export interface Deps {
  config: Config
  db: Database
  /** Serves searches and audits, if the operator has one. */
  replica?: Replica | undefined
  /** The keys for tokens; the first signs. */
  keys: SigningKeys
  /** Other issuers whose tokens are accepted beside this service's own. */
  issuers: readonly Issuer[]
  /** The ledger's keys; the first is the present one. */
  signers: [Signer, ...Signer[]]
  /** What the secrets of webhook endpoints are derived from. */
  webhookKeys: WebhookKeys
  sandbox?: Sandbox | undefined
  /** How often streams of events look; as their feature says unless said. */
  pace?: Pace | undefined
}

/** How often streams of events look at what may have changed, in milliseconds. */
export interface Pace {
  /** Whether something has happened: one look serves all streams. */
  lookEveryMs: number
  /** Whether a follower may still read: this long at most it stays connected after that; nothing is delivered. */
  checkEveryMs: number
}

/** An instance whose schemas are zod's. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>
