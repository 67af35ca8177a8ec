import { generateKeyPairSync } from 'node:crypto'
import { buildApp } from './app.ts'
import { loadConfig } from './config.ts'
import type { Database } from './db/database.ts'
import { signerOf } from './domain/signed-note.ts'
import { asYaml } from './http/documentation/yaml.ts'
import { signingKeyOf } from './keys/signing-key.ts'
import { newKey } from './keys/signing-keys.ts'
import { newWebhookKey, webhookKeyOf } from './keys/webhook-keys.ts'

/** The OpenAPI document, generated from the routes, and as YAML. Needs no database and no configuration. */
export async function describeApi(): Promise<{ yaml: string; document: { info: { title: string } } }> {
  const signer = signerOf('none', generateKeyPairSync('ed25519').privateKey)
  // Describing the routes runs no handler, so nothing is asked of a database.
  const app = await buildApp({
    config: loadConfig({}),
    db: { kind: 'server' } as Database,
    keys: [await signingKeyOf(newKey())],
    issuers: [],
    signers: [signer],
    webhookKeys: [webhookKeyOf(newWebhookKey())],
  })
  await app.ready()
  const document = app.swagger()
  const described = { yaml: asYaml(document), document }
  await app.close()
  return described
}
