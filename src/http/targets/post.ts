import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIPv6, type LookupFunction } from 'node:net'
import { type Guard, TargetRefused } from './guard.ts'

/** How a POST to a target went: the status it answered, null if none; what is wrong with it, null if all is well. */
export interface Posted {
  status: number | null
  fault: PostFault | null
}

/** Why a POST has not been taken. Gone: nobody wants any more of them. */
type PostFault = (typeof postFaults)[number]
export const postFaults = [
  'target_refused',
  'name_unknown',
  'timeout',
  'tls',
  'connection',
  'redirect',
  'gone',
  'status',
] as const

/** What is posted. */
export interface Message {
  headers: Record<string, string>
  body: string | Buffer
}

const MOST_BYTES = 16 * 1024

/**
 * Posts to a target that a caller has named. The addresses that the guard has passed are the ones connected to, so a
 * name that changes meanwhile gains nothing; no connection is kept. Redirects are not followed: their status is the
 * answer. Of the answer's body nothing is kept.
 */
export async function post(guard: Guard, target: string, message: Message, timeoutMs: number): Promise<Posted> {
  const ending = AbortSignal.timeout(timeoutMs)
  try {
    const url = guard.judge(target)
    const addresses = await Promise.race([guard.addressesOf(url), ended(ending)])
    const status = await send(url, addresses, message, ending)
    return { status, fault: faultIn(status) }
  } catch (error) {
    return { status: null, fault: faultOf(error, ending) }
  }
}

function send(url: URL, addresses: string[], { headers, body }: Message, signal: AbortSignal): Promise<number> {
  const request = url.protocol === 'https:' ? tlsRequest : plainRequest
  return new Promise((resolve, reject) => {
    request(url, {
      method: 'POST',
      agent: false,
      lookup: onlyThese(addresses),
      signal,
      headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
    })
      .on('response', (response) => {
        readAway(response)
        resolve(response.statusCode ?? 0)
      })
      .on('error', reject)
      .end(body)
  })
}

/** Reads an answer's body away as long as it is short: who is polite is not cut off, and nobody goes on for ever. */
function readAway(response: IncomingMessage): void {
  let bytes = 0
  response
    .on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MOST_BYTES) response.destroy()
    })
    .on('error', () => {}) // The status has said it all.
}

/** Answers the socket's question for a name with what the guard has passed. */
function onlyThese(addresses: string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  return (_name, { all }, callback) => {
    const [first = { address: '', family: 4 }] = found
    if (all) callback(null, found)
    else callback(null, first.address, first.family)
  }
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )
}

function faultIn(status: number): PostFault | null {
  if (status >= 200 && status < 300) return null
  if (status === 410) return 'gone'
  return status >= 300 && status < 400 ? 'redirect' : 'status'
}

function faultOf(error: unknown, signal: AbortSignal): PostFault {
  if (error instanceof TargetRefused) return 'target_refused'
  if (signal.aborted) return 'timeout'
  const code = String((error as NodeJS.ErrnoException).code)
  if (/^(ENOTFOUND|ENODATA|ESERVFAIL|ETIMEOUT|EREFUSED)$/.test(code)) return 'name_unknown'
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code) ? 'tls' : 'connection'
}
