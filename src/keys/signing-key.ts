import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose'

/** An ES256 key pair; `id` is its RFC 7638 thumbprint. */
export interface SigningKey {
  id: string
  privateKey: KeyObject
  publicPem: string
  publicJwk: JWK
}

/** The first signs and all verify, so that tokens signed before a rotation stay valid until they expire. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]]

/** Reads a private key in PEM. Throws if it is not a P-256 key. */
export async function signingKeyOf(pem: string): Promise<SigningKey> {
  const privateKey = createPrivateKey(pem)
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('not a P-256 key')
  const publicKey = createPublicKey(privateKey)
  const jwk = await exportJWK(publicKey)
  const id = await calculateJwkThumbprint(jwk)
  return {
    id,
    privateKey,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    publicJwk: { ...jwk, kid: id, use: 'sig', alg: 'ES256' },
  }
}
