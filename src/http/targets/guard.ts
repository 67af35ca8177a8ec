import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Config } from '../../config.ts'
import { type Reach, reachOf } from './addresses.ts'

/** Why a target is not delivered to. */
export type TargetFault = 'url' | 'scheme' | 'credentials' | 'port' | 'name' | 'address'

/** A target that this service does not deliver to, whoever asks. */
export class TargetRefused extends Error {
  readonly fault: TargetFault
  constructor(fault: TargetFault) {
    super(`the target is refused for its ${fault}`)
    this.fault = fault
  }
}

/**
 * Every address that a name has now.
 * @internal
 */
export type Resolve = (name: string) => Promise<string[]>

/**
 * Keeps callers from making this service speak to machines that they cannot reach themselves. The one guard of every
 * address that callers name: asked when it is named, and again for each connection.
 */
export interface Guard {
  /** The URL, if its parts are those of a target. Throws TargetRefused. */
  judge(url: string): URL
  /** The addresses to connect to for this host now. Throws TargetRefused if any is out of reach. */
  addressesOf(url: URL): Promise<string[]>
}

type GuardSettings = Pick<Config, 'WEBHOOK_ALLOWED_NETWORKS' | 'PUBLIC_URL'>

const LONGEST = 2_000
const TLS_PORT = 443
const FIRST_OPEN_PORT = 1_024 // Below are the services of machines: mail, shells, directories.
const LOCAL_NAMES = /^[^.]*$|\.(localhost|local|internal|home\.arpa)$/

/**
 * A guard that lets pass public https targets and, within the networks that the operator has named, also http and any
 * port. `own` are hosts by which this service itself is reached.
 * @internal
 */
export function guardTargets(
  networks: readonly string[],
  { own = [], resolve = askNameServers }: { own?: readonly string[]; resolve?: Resolve } = {},
): Guard {
  const reach = reachOf(networks)
  return {
    judge(text) {
      const url = partsOf(text)
      const host = hostOf(url)
      if (own.includes(host)) throw new TargetRefused('name')
      if (isPlain(url) && networks.length === 0) throw new TargetRefused('scheme')
      if (!isOpenPort(url) && networks.length === 0) throw new TargetRefused('port')
      if (isIP(host) === 0 && LOCAL_NAMES.test(host) && networks.length === 0) throw new TargetRefused('name')
      if (isIP(host) !== 0) requireReach(reach, url, host)
      return url
    },
    async addressesOf(url) {
      const host = hostOf(url)
      const addresses = isIP(host) === 0 ? await resolve(host) : [host]
      for (const address of addresses) requireReach(reach, url, address)
      return addresses
    },
  }
}

/** The guard that an operator has configured. */
export function guardFor({ WEBHOOK_ALLOWED_NETWORKS, PUBLIC_URL }: GuardSettings): Guard {
  return guardTargets(WEBHOOK_ALLOWED_NETWORKS, { own: PUBLIC_URL === undefined ? [] : [hostOf(new URL(PUBLIC_URL))] })
}

/** The host of a URL as it is connected to: IPv6 without brackets, names without the dot of the root. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

// WHATWG's parser has read decimal, octal, hexadecimal and short spellings of IPv4 before we look.
function partsOf(text: string): URL {
  if (text.length > LONGEST || !URL.canParse(text)) throw new TargetRefused('url')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TargetRefused('scheme')
  if (url.username !== '' || url.password !== '') throw new TargetRefused('credentials')
  if (url.hash !== '' || hostOf(url) === '') throw new TargetRefused('url')
  return url
}

function requireReach(reach: Reach, url: URL, address: string): void {
  if (reach.isOwn(address)) return
  if (!reach.isPublic(address)) throw new TargetRefused('address')
  if (isPlain(url)) throw new TargetRefused('scheme')
  if (!isOpenPort(url)) throw new TargetRefused('port')
}

function isPlain({ protocol }: URL): boolean {
  return protocol === 'http:'
}

function isOpenPort({ port, protocol }: URL): boolean {
  const number = port === '' ? (protocol === 'https:' ? TLS_PORT : 80) : Number(port)
  return number === TLS_PORT || number >= FIRST_OPEN_PORT
}

/**
 * Asks name servers, and not the system: it would take one of the few threads that files need too, for as long as
 * whoever named the target likes.
 */
async function askNameServers(name: string): Promise<string[]> {
  if (name === 'localhost') return ['127.0.0.1', '::1'] // RFC 6761: nobody is asked.
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (found.length === 0) throw (answers[0] as PromiseRejectedResult).reason
  return found
}
