import ky, { HTTPError } from 'ky'
import { isUnauthenticated, maybeLater, type Patience, retries } from './retries.ts'
import type { TokenSource } from './tokens.ts'

const SAFE = ['GET', 'HEAD', 'OPTIONS']

/**
 * A fetch that authenticates each request, gives each write its key, and sends it again, key and bytes the same, until
 * it is answered for good.
 */
export function sender(
  tokens: TokenSource,
  { fetch, ...patience }: { fetch: typeof globalThis.fetch } & Patience,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (!SAFE.includes(request.method) && !request.headers.has('idempotency-key')) {
      request.headers.set('idempotency-key', crypto.randomUUID())
    }
    const bearer = bearerOf(tokens)
    try {
      return await ky(request, {
        ...retries(patience, bearer.isNew),
        fetch,
        throwHttpErrors: (status) => maybeLater.includes(status),
        hooks: {
          beforeRequest: [({ request: first }) => bearer.put(first)],
          beforeRetry: [({ request: again, error }) => bearer.put(again, error)],
        },
      })
    } catch (error) {
      if (error instanceof HTTPError) return answerOf(error)
      throw error
    }
  }
}

/** Puts the token on one request and its retries; after a 401 another one, once. */
function bearerOf(tokens: TokenSource) {
  let used: string | undefined
  let renewals = 0
  return {
    isNew: () => renewals++ === 0,
    async put(request: Request, error?: Error): Promise<void> {
      used = await tokens.token(isUnauthenticated(error) ? used : undefined)
      request.headers.set('authorization', `Bearer ${used}`)
    },
  }
}

/** The answer again, whose body the error has read. */
function answerOf({ response, data }: HTTPError): Response {
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  headers.delete('content-length')
  headers.delete('content-encoding')
  return new Response(typeof data === 'string' ? data : JSON.stringify(data), { status, statusText, headers })
}
