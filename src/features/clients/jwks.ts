import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { z } from 'zod'

/** The signature algorithms of clients' assertions: only asymmetric ones. */
export const assertionAlgorithms = ['ES256', 'ES384', 'ES512', 'PS256', 'RS256', 'EdDSA']

const CURVES = ['P-256', 'P-384', 'P-521', 'Ed25519']
const SHORTEST_RSA_BITS = 2048

const jwk = z
  .looseObject({ kty: z.enum(['EC', 'RSA', 'OKP']), kid: z.string().min(1).max(100) })
  .refine((key) => !('d' in key || 'k' in key), 'must be a public key: this one is private, so do not use it any more')
  .transform((key, context) => {
    const members = publicMembers(key)
    if (members) return { ...members, kid: key.kid }
    context.addIssue({ code: 'custom', message: 'must be a P-256, P-384, P-521 or Ed25519 key, or RSA of 2048 bits' })
    return z.NEVER
  })

/** A client's public keys (RFC 7517); only the members that make up each key are kept. */
export const jwks = z
  .strictObject({ keys: z.array(jwk).min(1).max(5) })
  .refine(({ keys }) => new Set(keys.map(({ kid }) => kid)).size === keys.length, 'gives two keys one kid')
  .describe('Public keys for the client’s assertions (private_key_jwt); each has a `kid`.')

function publicMembers(key: JsonWebKey): JsonWebKey | undefined {
  try {
    const members = createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' })
    const bits = Buffer.from(members.n ?? '', 'base64url').length * 8
    return CURVES.includes(members.crv ?? '') || bits >= SHORTEST_RSA_BITS ? members : undefined
  } catch {
    return undefined
  }
}
