import { SignJWT } from 'jose'
import { v4 as uuid } from 'uuid'
import type { SigningKey } from '../keys/signing-key.ts'
import type { Role } from './caller.ts'

/** The issuer and audience of this service's own tokens, and its name in what it stores. */
export const ISSUER = 'gomask'
export const AUDIENCE = 'gomask'

/** What a token should say. */
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
    .setJti(uuid())
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + ttlSeconds)
    .sign(key.privateKey)
}

const RESOURCE = 'urn:gomask:pharmacy:'

function resourceOf(finess: string): string {
  return `${RESOURCE}${finess}`
}

/** The number in a pharmacy's name as a resource (RFC 8707), unchecked; undefined for other resources. */
export function pharmacyOfResource(resource: string): string | undefined {
  return resource.startsWith(RESOURCE) ? resource.slice(RESOURCE.length) : undefined
}

/** What a client's token should say. */
export interface ClientTokenRequest {
  issuer: string
  client: string
  scope: string
  /** Those that it is narrowed to; undefined for all that the client acts for. */
  pharmacies?: string[] | undefined
  /** Seconds since 1970, with milliseconds: compared with the time from which the client's tokens are accepted. */
  issuedAt: number
  ttlSeconds: number
}

/** What a token for somebody on whose behalf an app acts should say. */
export interface ActingTokenRequest {
  issuer: string
  /** The app, as a client of ours. */
  client: string
  /** The professional's number. */
  subject: string
  scope: string
  /** As of a client's token. */
  issuedAt: number
  /** In seconds since 1970. */
  expiresAt: number
}

/** Signs a professional's token for an app (RFC 8693 §4.1, RFC 9068): theirs, as far as its client may go. */
export function signActingToken(key: SigningKey, request: ActingTokenRequest): Promise<string> {
  const { issuer, client, subject, scope, issuedAt, expiresAt } = request
  return new SignJWT({ role: 'professional' satisfies Role, client_id: client, scope, act: { sub: client } })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.id })
    .setIssuer(issuer)
    .setAudience(AUDIENCE)
    .setSubject(subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .setJti(uuid())
    .sign(key.privateKey)
}

/** Signs a client's token (RFC 9068). What the client may do is not in it but looked up at each request. */
export function signClientToken(key: SigningKey, request: ClientTokenRequest): Promise<string> {
  const { issuer, client, scope, pharmacies, issuedAt, ttlSeconds } = request
  return new SignJWT({ client_id: client, scope })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.id })
    .setIssuer(issuer)
    .setAudience(pharmacies ? [AUDIENCE, ...pharmacies.map(resourceOf)] : AUDIENCE)
    .setSubject(client)
    .setIssuedAt(issuedAt)
    .setExpirationTime(Math.floor(issuedAt) + ttlSeconds)
    .setJti(uuid())
    .sign(key.privateKey)
}
