import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { Replica } from '../db/replica.ts'
import type { Signer } from '../domain/signed-note.ts'
import type { SigningKeys } from '../keys/signing-key.ts'
import type { Issuer } from './issuers/issuer.ts'

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
}

/** An instance whose schemas are zod's. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>
