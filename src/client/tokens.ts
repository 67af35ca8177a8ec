import ky from 'ky'
import { type Patience, retries } from './retries.ts'

/** Gives bearer tokens. */
export interface TokenSource {
  /** One that is valid now. `refused` is one that was answered 401, and is not given again. */
  token(refused?: string): Promise<string>
}

/** What an admin was shown when the client was created. */
export interface Credentials {
  clientId: string
  clientSecret: string
  /** Narrows the tokens to one pharmacy, by its FINESS number (RFC 8707). */
  pharmacy?: string
  /** Of an app: gives the access token that a professional's issuer gave it, for which theirs of ours are exchanged. */
  subjectToken?: () => string | Promise<string>
}

interface Granted {
  token: string
  /** By the monotonic clock: a till whose clock jumps keeps its token. */
  until: number
}

const MARGIN_MS = 30_000

/**
 * Fetches tokens by client credentials (RFC 6749 §4.4), or for an app's professional by exchange (RFC 8693), one at a
 * time, and anew shortly before each ends.
 */
export function clientCredentials(
  baseUrl: string,
  credentials: Credentials,
  { fetch, ...patience }: { fetch: typeof globalThis.fetch } & Patience,
): TokenSource {
  let granted: Promise<Granted> | undefined
  const ask = async (): Promise<Granted> => {
    const asked = performance.now()
    const answer = await ky
      .post(new URL('/oauth/token', baseUrl), {
        headers: { authorization: basic(credentials) },
        body: await formOf(credentials),
        fetch,
        ...retries(patience),
      })
      .json<{ access_token: string; expires_in: number }>()
    return { token: answer.access_token, until: asked + answer.expires_in * 1000 - MARGIN_MS }
  }
  const renewed = async (): Promise<Granted> => {
    const attempt = ask()
    granted = attempt
    attempt.catch(() => {
      if (granted === attempt) granted = undefined
    })
    return attempt
  }
  return {
    async token(refused) {
      const asked = granted
      const present = await (asked ?? renewed())
      if (present.token !== refused && performance.now() < present.until) return present.token
      // Whoever comes second finds the new one asked for already.
      return (await (granted === undefined || granted === asked ? renewed() : granted)).token
    },
  }
}

async function formOf({ pharmacy, subjectToken }: Credentials): Promise<URLSearchParams> {
  if (subjectToken) {
    return new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await subjectToken(),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    })
  }
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (pharmacy !== undefined) form.set('resource', `urn:gomask:pharmacy:${pharmacy}`)
  return form
}

// Id and secret are ASCII, encoded as RFC 6749 §2.3.1 has it.
function basic({ clientId, clientSecret }: Credentials): string {
  return `Basic ${btoa([clientId, clientSecret].map(encodeURIComponent).join(':'))}`
}
