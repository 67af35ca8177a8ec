import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { Problem } from '../problem.ts'
import { type IssuerSettings, secureUrl } from './configuration.ts'

/** What we ask of an OpenID provider. Each request fails after a few seconds. */
export interface Provider {
  keys(): Promise<ReturnType<typeof createLocalJWKSet>>
  /** The provider's claims for a token; undefined if it rejects the token. Throws a Problem if it cannot be asked. */
  userinfo(token: string): Promise<Record<string, unknown> | undefined>
}

const TIMEOUT_MS = 3_000
const MOST_BYTES = 256 * 1024
const MOST_QUESTIONS = 50 // A provider that hangs must not fill this service with waiting requests.

const metadata = z.object({ issuer: z.string(), jwks_uri: secureUrl, userinfo_endpoint: secureUrl.optional() })
const claims = z.record(z.string(), z.unknown())

/** Makes a provider without connecting yet: it need not be reachable before the first token. */
export function openProvider({ issuer, jwksUri }: Pick<IssuerSettings, 'issuer' | 'jwksUri'>): Provider {
  let discovered: Promise<z.output<typeof metadata>> | undefined
  let questions = 0

  const discover = () => {
    discovered ??= readMetadata(issuer)
    return discovered
  }
  // If a provider has moved, discovering it again after a failure finds it.
  const forgetful = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      discovered = undefined
      throw error
    }
  }

  return {
    keys: () =>
      forgetful(async () => {
        const response = await ask(jwksUri ?? (await discover()).jwks_uri)
        return createLocalJWKSet((await jsonOf(response)) as JSONWebKeySet)
      }),
    async userinfo(token) {
      if (questions >= MOST_QUESTIONS) throw unreachable(new Error('too many questions to the provider are under way'))
      questions++
      try {
        return await forgetful(async () => {
          const { userinfo_endpoint: endpoint } = await discover()
          if (endpoint === undefined) throw new Error('the provider names no userinfo endpoint')
          const response = await ask(endpoint, { authorization: `Bearer ${token}` })
          return response.status === 401 || response.status === 403 ? undefined : claims.parse(await jsonOf(response))
        })
      } catch (error) {
        throw unreachable(error)
      } finally {
        questions--
      }
    },
  }
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

function ask(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
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
