import { readFile } from 'node:fs/promises'
import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { textOf } from '../../domain/text.ts'
import { Problem } from '../problem.ts'
import { type Introspection, type IssuerSettings, secureUrl } from './configuration.ts'

/** What we ask of an OpenID provider. Each request fails after a few seconds. */
export interface Provider {
  keys(): Promise<ReturnType<typeof createLocalJWKSet>>
  /** The provider's claims for a token; undefined if it rejects the token. Throws a Problem if it cannot be asked. */
  userinfo(token: string): Promise<Claims | undefined>
  /** What the provider says of a token of its (RFC 7662). Throws a Problem if it cannot be asked. */
  introspect(token: string, credentials: Introspection): Promise<Claims & { active: boolean }>
}

type Claims = Record<string, unknown>

const TIMEOUT_MS = 3_000
const MOST_BYTES = 256 * 1024
const MOST_QUESTIONS = 50 // A provider that hangs must not fill this service with waiting requests.

const metadata = z.object({
  issuer: z.string(),
  jwks_uri: secureUrl,
  userinfo_endpoint: secureUrl.optional(),
  introspection_endpoint: secureUrl.optional(),
})
const claims = z.record(z.string(), z.unknown())
const introspection = z.looseObject({ active: z.boolean() })

/** Makes a provider without connecting yet: it need not be reachable before the first token. */
export function openProvider({ issuer, jwksUri }: Pick<IssuerSettings, 'issuer' | 'jwksUri'>): Provider {
  const { endpoint, forgetful } = discovery(issuer)
  const question = counted(forgetful)
  return {
    keys: () =>
      forgetful(async () => {
        const response = await ask(jwksUri ?? (await endpoint('jwks_uri')))
        return createLocalJWKSet((await jsonOf(response)) as JSONWebKeySet)
      }),
    userinfo: (token) =>
      question(async () => {
        const response = await ask(await endpoint('userinfo_endpoint'), { authorization: `Bearer ${token}` })
        return response.status === 401 || response.status === 403 ? undefined : claims.parse(await jsonOf(response))
      }),
    introspect: (token, credentials) =>
      question(async () => {
        const url = credentials.endpoint ?? (await endpoint('introspection_endpoint'))
        const headers = { authorization: await basic(credentials) }
        const response = await ask(url, headers, new URLSearchParams({ token, token_type_hint: 'access_token' }))
        return introspection.parse(await jsonOf(response))
      }),
  }
}

type Work<T> = () => Promise<T>

/** Finds where a provider's endpoints are, once. */
function discovery(issuer: string) {
  let discovered: Promise<z.output<typeof metadata>> | undefined
  return {
    async endpoint(name: keyof z.output<typeof metadata>): Promise<string> {
      discovered ??= readMetadata(issuer)
      const { [name]: endpoint } = await discovered
      if (endpoint === undefined) throw new Error(`the provider names no ${name}`)
      return endpoint
    },
    // If a provider has moved, discovering it again after a failure finds it.
    async forgetful<T>(work: Work<T>): Promise<T> {
      try {
        return await work()
      } catch (error) {
        discovered = undefined
        throw error
      }
    },
  }
}

/** Makes the function that asks about a token; it throws 503 for whatever is not an answer. */
function counted(forgetful: <T>(work: Work<T>) => Promise<T>): <T>(work: Work<T>) => Promise<T> {
  let questions = 0
  return async (work) => {
    if (questions >= MOST_QUESTIONS) throw unreachable(new Error('too many questions to the provider are under way'))
    questions++
    try {
      return await forgetful(work)
    } catch (error) {
      throw unreachable(error)
    } finally {
      questions--
    }
  }
}

// Read each time, so that a new secret needs no restart.
async function basic({ clientId, clientSecretFile }: Introspection): Promise<string> {
  const secret = textOf(await readFile(clientSecretFile)).trim()
  return `Basic ${Buffer.from([clientId, secret].map(encodeURIComponent).join(':')).toString('base64')}`
}

/** The 503 for a token that cannot be judged without its issuer. */
export function unreachable(cause: unknown): Problem {
  const detail = {
    en: 'The issuer of this token cannot be asked about it now. Nothing was done; try again in a moment.',
    fr: 'L’émetteur de ce jeton ne peut être interrogé à présent. Rien n’a été fait ; réessayez dans un instant.',
  }
  return Object.assign(new Problem('unavailable', detail), { cause })
}

async function readMetadata(issuer: string): Promise<z.output<typeof metadata>> {
  const response = await ask(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const found = metadata.parse(await jsonOf(response))
  if (found.issuer !== issuer) throw new Error('the provider’s metadata are those of another issuer')
  return found
}

function ask(url: string, headers: Record<string, string> = {}, form?: URLSearchParams): Promise<Response> {
  return fetch(url, {
    ...(form && { method: 'POST', body: form }),
    headers: { accept: 'application/json', ...headers },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
}

// Messages of JSON.parse quote what was read.
async function jsonOf(response: Response): Promise<unknown> {
  if (response.status !== 200) throw new Error(`the provider answered ${response.status}`)
  const text = await readWithin(response)
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('the provider answered no JSON')
  }
}

/** Stops reading, and closes the connection, at more than a provider has to say. */
async function readWithin({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    bytes += piece.length
    if (bytes > MOST_BYTES) throw new Error(`the provider answered more than ${MOST_BYTES} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}
