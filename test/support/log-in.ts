import { decodeJwt } from 'jose'
import { seededUuid } from './seed.ts'

/** Where the provider sends a browser back to; nobody listens there. */
export const REDIRECT_URI = 'http://127.0.0.1/callback'

/** Logs somebody in as a browser would, by authorization code with PKCE, and answers the client's access token. */
export async function logIn({ issuer }: { issuer: string }, subject: string, client = 'app'): Promise<string> {
  const cookies = new Map<string, string>()
  const verifier = `${seededUuid()}${seededUuid()}`
  const challenge = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(verifier))).toString('base64url')
  const common = { client_id: client, redirect_uri: REDIRECT_URI }
  let at = `${issuer}/auth?${new URLSearchParams({ ...common, response_type: 'code', scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256', state: 's' })}`
  for (let hop = 0; !at.startsWith(REDIRECT_URI); hop++) {
    if (hop > 9) throw new Error('the provider goes on asking')
    const form = at.includes('/interaction/') ? { method: 'POST', body: new URLSearchParams({ login: subject }) } : {}
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(at, { ...form, headers: { cookie }, redirect: 'manual' })
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    const next = response.headers.get('location')
    if (!next) throw new Error(`the provider answered ${response.status} ${await response.text()}`)
    at = new URL(next, issuer).href
  }
  const code = new URL(at).searchParams.get('code') ?? ''
  const body = new URLSearchParams({ ...common, grant_type: 'authorization_code', code, code_verifier: verifier })
  const answer = (await (await fetch(`${issuer}/token`, { method: 'POST', body })).json()) as { access_token: string }
  const isSigned = answer.access_token.startsWith('eyJ')
  if (isSigned && decodeJwt(answer.access_token).sub !== subject) throw new Error('the provider gave another’s token')
  return answer.access_token
}
