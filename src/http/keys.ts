import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from 'jose'
import type { Config } from '../config.ts'
import { ownKey } from '../key-file.ts'
import type { Role } from './caller.ts'

/** The service as the issuer of its own tokens, and their audience. */
export const ISSUER = 'gomask'
export const AUDIENCE = 'gomask'

/** An ES256 key pair; `id` is its RFC 7638 thumbprint. */
export interface SigningKey {
  id: string
  privateKey: KeyObject
  publicPem: string
  publicJwk: JWK
}

/** Loads the signing key from SIGNING_KEY_FILE, or from DATA_DIR, where it is made once. */
export async function loadSigningKey(config: Pick<Config, 'SIGNING_KEY_FILE' | 'DATA_DIR'>): Promise<SigningKey> {
  const pem = config.SIGNING_KEY_FILE
    ? await readFile(config.SIGNING_KEY_FILE, 'utf8')
    : await ownKey(config.DATA_DIR, 'signing-es256.pem', newKey)
  const privateKey = createPrivateKey(pem)
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error('the signing key is not a P-256 key')
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

function newKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
}

/** What a token of ours is to say. */
export interface TokenRequest {
  role: Role
  subject: string
  finess?: string[]
  territories?: string[]
  professions?: string[]
  ttlSeconds: number
}

/** Signs a token. */
export function signToken(key: SigningKey, { role, subject, ttlSeconds, ...remit }: TokenRequest): Promise<string> {
  return new SignJWT({ role, ...remit })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.id })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + ttlSeconds)
    .sign(key.privateKey)
}
