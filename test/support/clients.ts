import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { Scope } from '../../src/http/scopes.ts'
import { ISSUER } from '../../src/http/tokens.ts'
import { clientToken } from './client-rows.ts'
import { seededUuid } from './seed.ts'
import type { Answer, Service } from './service.ts'
import { must } from './world.ts'

export const COUNTER: Scope[] = ['stock:read', 'stock:write', 'dispensations:read', 'dispensations:write']

/** A client as its 201 showed it. */
export interface MadeClient {
  id: string
  secret: string
}

/** A client's body: one that acts for pharmacies, or as said. */
export function clientBody(more: object = {}): object {
  return { name: 'Officine Logiciel', role: 'pharmacy', scopes: COUNTER, ...more }
}

/** Makes a client over the API. */
export async function makeClient(
  { call }: Pick<Service, 'call'>,
  admin: string,
  more: object = {},
): Promise<MadeClient> {
  return must(201, await call('POST', '/v1/clients', { token: admin, body: clientBody(more) })).body
}

/** By their routes’ names, how to confirm and to withdraw what somebody else has asked for; needs FOUR_EYES. */
export async function secondWords({ call, token }: Pick<Service, 'call' | 'token'>) {
  const asker = await token({ role: 'admin', subject: 'asker' })
  const regulator = clientBody({ role: 'regulator', scopes: ['audit:read'], territories: ['FR'] })
  const wordOn = async (verb: string): Promise<[string, { path: string; body: object }]> => {
    const { id, awaiting } = must(201, await call('POST', '/v1/clients', { token: asker, body: regulator })).body
    const path = `/v1/clients/${id}/${verb}`
    return [`POST /v1/clients/{id}/${verb}`, { path, body: { request: awaiting.id } }]
  }
  return Object.fromEntries([await wordOn('confirmation'), await wordOn('withdrawal')])
}

/** The header of client_secret_basic, as RFC 6749 §2.3.1 has it. */
export function basic({ id, secret }: MadeClient): Record<string, string> {
  const pair = [id, secret].map(encodeURIComponent).join(':')
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** Asks for a token: a form with grant_type=client_credentials, or as said. */
export function askToken(
  { call }: Pick<Service, 'call'>,
  headers: Record<string, string>,
  form: Record<string, string> = {},
): Promise<Answer> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString()
  return call('POST', '/oauth/token', {
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  })
}

/** The token of a client that authenticates with its secret. */
export async function tokenOf(service: Pick<Service, 'call'>, client: MadeClient, scope?: string): Promise<string> {
  return must(200, await askToken(service, basic(client), scope === undefined ? {} : { scope })).body.access_token
}

/** Lets a client act for a pharmacy, by the pharmacy's own token. */
export async function grant(
  { call }: Pick<Service, 'call'>,
  place: { finess: string; token: string },
  client: { id: string },
): Promise<void> {
  must(201, await call('PUT', `/v1/pharmacies/${place.finess}/grants/${client.id}`, { token: place.token }))
}

/** Has one client ask a pharmacy, with the code, and another one too. */
export async function askConsents(
  { call, key }: Pick<Service, 'call' | 'key'>,
  pharmacy: string,
  one: { id: string },
  other: { id: string },
): Promise<{ consent: string; consentCode: string; refusedConsent: string }> {
  const ask = async ({ id }: { id: string }) =>
    must(201, await call('POST', '/v1/consents', { token: await clientToken(key, id, []), body: { pharmacy } })).body
  const [asked, toRefuse] = [await ask(one), await ask(other)]
  return { consent: asked.id, consentCode: asked.code, refusedConsent: toRefuse.id }
}

/** A key pair of a client's own, made by a stock library. */
export interface ClientKey {
  jwk: JWK
  privateKey: CryptoKey
}

/** Makes a key pair for assertions. */
export async function makeClientKey(kid = 'first', alg = 'ES256'): Promise<ClientKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { jwk: { ...(await exportJWK(publicKey)), kid }, privateKey }
}

/** An assertion as RFC 7523 has it, but for what is said; a claim of undefined is left out. */
export function assertion(
  client: string,
  { privateKey, jwk }: ClientKey,
  { claims = {}, header = {} }: { claims?: object; header?: object } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const whole = { iss: client, sub: client, aud: ISSUER, iat: now, exp: now + 60, jti: seededUuid(), ...claims }
  const given = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined))
  return new SignJWT(given).setProtectedHeader({ alg: 'ES256', kid: jwk.kid ?? '', ...header }).sign(privateKey)
}

/** The form members of private_key_jwt. */
export function asserted(client_assertion: string): Record<string, string> {
  return { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion }
}
