import { generateKeyPairSync } from 'node:crypto'
import { buildApp } from './app.ts'
import { loadConfig } from './config.ts'
import type { Database } from './db/database.ts'
import { signerOf } from './domain/signed-note.ts'

/** The OpenAPI document in YAML, generated from the routes; needs no database and no configuration. */
export async function describeApi(): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { id: 'none', privateKey, publicPem: '', publicJwk: { kty: 'EC' } }
  const signer = signerOf('none', generateKeyPairSync('ed25519').privateKey)
  // Describing the routes runs no handler, so that there is nothing for a database to answer.
  const app = await buildApp({
    config: loadConfig({}),
    db: { kind: 'server' } as Database,
    key,
    issuers: [],
    signers: [signer],
  })
  await app.ready()
  const yaml = app.swagger({ yaml: true })
  await app.close()
  return yaml
}
