import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { v7 as uuidv7 } from 'uuid'
import type { WebhookKeys } from '../../keys/webhook-keys.ts'

/** How messages are signed, in the words of Standard Webhooks: HMAC-SHA256 with a shared secret, or Ed25519. */
export type Signing = 'v1' | 'v1a'

/** What a secret is derived from: no secret itself. */
export interface Seed {
  id: string
  keyId: string
  seed: Buffer
}

/** What is signed: the same body, under the same id, at every attempt. */
export interface Signed {
  id: string
  /** When it is sent, in seconds since 1970. */
  at: number
  body: string
}

/** A seed of the newest key. */
export function newSeed([newest]: WebhookKeys): Seed {
  return { id: uuidv7(), keyId: newest.id, seed: randomBytes(32) }
}

/** The shared secret of a seed, as receivers enter it. */
export function secretOf(keys: WebhookKeys, seed: Seed): string {
  return `whsec_${derive(keys, seed, 'v1').toString('base64')}`
}

/** The public key of a seed, as receivers enter it. */
export function publicKeyOf(keys: WebhookKeys, seed: Seed): string {
  const { x = '' } = createPublicKey(privateKeyOf(keys, seed)).export({ format: 'jwk' })
  return `whpk_${Buffer.from(x, 'base64url').toString('base64')}`
}

/** The header `webhook-signature`: a signature of each seed, so that receivers need not change theirs at one moment. */
export function signaturesOf(keys: WebhookKeys, signing: Signing, seeds: readonly Seed[], message: Signed): string {
  return seeds.map((seed) => signatureOf(keys, signing, seed, message)).join(' ')
}

function signatureOf(keys: WebhookKeys, signing: Signing, seed: Seed, { id, at, body }: Signed): string {
  if (signing === 'v1') return new Webhook(secretOf(keys, seed)).sign(id, new Date(at * 1000), body)
  const signature = sign(null, Buffer.from(`${id}.${at}.${body}`), privateKeyOf(keys, seed))
  return `v1a,${signature.toString('base64')}`
}

// What stands before the 32 bytes of an Ed25519 key in PKCS #8.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

function privateKeyOf(keys: WebhookKeys, seed: Seed): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, derive(keys, seed, 'v1a')]), format: 'der', type: 'pkcs8' })
}

function derive(keys: WebhookKeys, { keyId, seed }: Seed, signing: Signing): Buffer {
  const key = keys.find(({ id }) => id === keyId)
  if (!key) throw new Error(`no key ${keyId}, from which a webhook's secret was derived, is in WEBHOOK_KEY_FILE`)
  return key.derive(seed, signing)
}
