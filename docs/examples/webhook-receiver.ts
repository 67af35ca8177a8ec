/**
 * An example receiver of webhooks: it takes what the service has signed within the last five minutes, each event once,
 * and refuses the rest. Give it the `secret` (v1) or the `publicKey` (v1a) that the endpoint was made with; while one
 * takes over from another, give it both.
 */
import { createPublicKey, verify } from 'node:crypto'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { Webhook } from 'standardwebhooks'

/** An event as it comes. */
export interface WebhookEvent {
  id: string
  type: string
  at: string
  data: Record<string, string>
}

const MOST_BYTES = 64 * 1024
const TOLERANCE_SECONDS = 300

/**
 * A listener for `http.createServer`. Whatever `take` throws is answered with 500, and the service tries again later:
 * the next event of that pharmacy waits. `taken` says which ids were taken before; a real receiver keeps them with what
 * it does about the events, in one transaction.
 */
export function webhookReceiver(
  keys: readonly string[],
  take: (event: WebhookEvent) => void | Promise<void>,
  taken: Set<string> = new Set(),
): RequestListener {
  return async (request, response) => {
    const end = (status: number) => void response.writeHead(status).end()
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of request) {
      bytes += chunk.length
      if (bytes > MOST_BYTES) return end(413)
      chunks.push(chunk)
    }
    // The very bytes that were signed: parsed and written again they might differ.
    const body = Buffer.concat(chunks).toString()
    const { headers } = request
    if (!keys.some((key) => isSigned(key, headers, body))) return end(401)
    const event = JSON.parse(body) as WebhookEvent
    try {
      if (!taken.has(event.id)) await take(event)
      taken.add(event.id)
      end(204)
    } catch {
      end(500)
    }
  }
}

function isSigned(key: string, headers: IncomingHttpHeaders, body: string): boolean {
  const [id, at, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headers[name])
  if (typeof id !== 'string' || typeof at !== 'string' || typeof signatures !== 'string') return false
  if (key.startsWith('whpk_')) return isFresh(at) && isSignedByKeyPair(key, signatures, `${id}.${at}.${body}`)
  try {
    new Webhook(key).verify(body, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}

function isSignedByKeyPair(key: string, signatures: string, signed: string): boolean {
  const x = Buffer.from(key.slice('whpk_'.length), 'base64').toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return signatures.split(' ').some((each) => {
    const [version, signature = ''] = each.split(',')
    return version === 'v1a' && verify(null, Buffer.from(signed), publicKey, Buffer.from(signature, 'base64'))
  })
}

function isFresh(at: string): boolean {
  return Math.abs(Date.now() / 1000 - Number(at)) <= TOLERANCE_SECONDS
}
