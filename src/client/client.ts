import createFetchClient, { type Client } from 'openapi-fetch'
import type { paths } from './api.ts'
import type { Patience } from './retries.ts'
import { sender } from './sending.ts'
import { type Credentials, clientCredentials, type TokenSource } from './tokens.ts'

export type { components, operations, paths } from './api.ts'
export type { Patience } from './retries.ts'
export type { Credentials, TokenSource } from './tokens.ts'

/** Where the service is, and who calls. */
export interface ClientOptions extends Patience {
  /** As `https://masks.example.org`. */
  baseUrl: string
  /**
   * A machine's or an app's id and secret, from which tokens are fetched and renewed; or whatever else gives a token.
   */
  auth: Credentials | TokenSource
  /** The language of what people read in errors: `fr` or `en`. */
  language?: 'fr' | 'en'
  /** Instead of the platform's own, for tests and proxies. */
  fetch?: typeof fetch
}

/** `GET`, `PUT`, `POST` and `DELETE`, typed by the API's document. */
export type GomaskClient = Client<KeysMade<paths>, MediaType>

/** What answers are typed by. A statement or export as CSV or text is asked for by `headers`, and read by `parseAs`. */
type MediaType = 'application/json' | 'application/problem+json'

/**
 * Makes a client that sends each request until it is answered for good: a lost connection, an answer that does not
 * come, 429, 503 (`outcome_unknown` too) and 409 `idempotency_in_progress` are waited out, as long as Retry-After says.
 * Each write gets an Idempotency-Key of its own unless it has one, and every retry of it has the same key and bytes, so
 * that nothing happens twice. A program that may itself be killed makes the key beforehand and keeps it with the body.
 *
 * An answer is `{ data }` or, where the service refused, `{ error }` with the problem (RFC 9457). What could not be
 * sent at all within `tries` is thrown.
 */
export function createClient({ baseUrl, auth, language, fetch, ...patience }: ClientOptions): GomaskClient {
  const platform = fetch ?? globalThis.fetch.bind(globalThis)
  const tokens = 'clientId' in auth ? clientCredentials(baseUrl, auth, { fetch: platform, ...patience }) : auth
  return createFetchClient<KeysMade<paths>, MediaType>({
    baseUrl,
    ...(language !== undefined && { headers: { 'accept-language': language } }),
    fetch: sender(tokens, { fetch: platform, ...patience }),
  })
}

/** The document's operations with each header optional, as the client makes the keys. */
type KeysMade<Paths> = {
  [Path in keyof Paths]: { [Member in keyof Paths[Path]]: HeadersOptional<Paths[Path][Member]> }
}

type HeadersOptional<Operation> = Operation extends { parameters: { header?: infer Header } }
  ? Omit<Operation, 'parameters'> & {
      parameters: Omit<Operation['parameters'], 'header'> & { header?: Partial<Header> }
    }
  : Operation
