import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { z } from 'zod'
import { phrase, type Text } from '../../domain/language.ts'
import { issueOf, saying } from '../../http/complaint.ts'

/** The signature algorithms of clients' assertions: only asymmetric ones. */
export const assertionAlgorithms = ['ES256', 'ES384', 'ES512', 'PS256', 'RS256', 'EdDSA']

const CURVES = ['P-256', 'P-384', 'P-521', 'Ed25519']
const SHORTEST_RSA_BITS = 2048

const wrongKey: Text = {
  en: phrase`must be a P-256, P-384, P-521 or Ed25519 key, or RSA of ${String(SHORTEST_RSA_BITS)} bits`,
  fr: phrase`doit être une clé P-256, P-384, P-521 ou Ed25519, ou RSA de ${String(SHORTEST_RSA_BITS)} bits`,
}

const jwk = z
  .looseObject({ kty: z.enum(['EC', 'RSA', 'OKP']), kid: z.string().min(1).max(100) })
  .refine(
    (key) => !('d' in key || 'k' in key),
    saying({
      en: 'must be a public key: this one is private, so do not use it any more',
      fr: 'doit être une clé publique : celle-ci est privée, ne vous en servez plus',
    }),
  )
  .transform((key, context) => {
    const members = publicMembers(key)
    if (members) return { ...members, kid: key.kid }
    context.addIssue(issueOf([], wrongKey))
    return z.NEVER
  })

/** A client's public keys (RFC 7517); only the members that make up each key are kept. */
export const jwks = z
  .strictObject({ keys: z.array(jwk).min(1).max(5) })
  .refine(
    ({ keys }) => new Set(keys.map(({ kid }) => kid)).size === keys.length,
    saying({ en: 'gives two keys one kid', fr: 'donne le même kid à deux clés' }),
  )
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
