import { isIP } from 'node:net'
import { z } from 'zod'

const whole = (low: number, high: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().int().min(low).max(high))

/** A whole number with a default, and what it is for. */
export const count = (low: number, high: number, preset: number, about: string) =>
  whole(low, high).default(preset).meta({ about })

/** A number of hours up to `high`, with a default, and what it is for. */
export const hours = (high: number, preset: number, about: string) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number of hours')
    .transform(Number)
    .pipe(z.number().positive().max(high))
    .default(preset)
    .meta({ about })

/** `true` or `false`, with a default, and what it is for. */
export const flag = (preset: boolean, about: string) =>
  z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .default(preset)
    .meta({ about })

const listed = (text: string) => text.split(',').map((each) => each.trim())

/** `false`, or the addresses and networks of proxies. */
export function trustedProxies(text: string, issues: z.RefinementCtx): false | string[] {
  if (text === 'false') return false
  const proxies = listed(text)
  if (!proxies.every(isNetwork)) {
    issues.addIssue('must be false, or addresses and networks such as 10.0.0.5,10.1.0.0/16')
  }
  return proxies
}

/** Addresses and networks. */
export function networks(text: string, issues: z.RefinementCtx): string[] {
  const named = listed(text)
  if (!named.every(isNetwork)) issues.addIssue('must be addresses and networks such as 10.0.0.5,10.1.0.0/16')
  return named
}

// Not a number of hops: anyone who reaches the service past the proxy could then choose an address.
function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return more.length === 0 && (bits === undefined ? longest > 0 : /^\d{1,3}$/.test(bits) && Number(bits) <= longest)
}

/** What is set and means nothing without a server, if there is none; undefined if all is well. */
export function lackOfServer(config: {
  DATABASE_URL?: string | undefined
  DATABASE_READ_URL?: string | undefined
  STRICT_ROLES: boolean
  RATE_LIMIT_STORE: string
}): string | undefined {
  if (config.DATABASE_URL) return undefined
  if (config.DATABASE_READ_URL) return 'DATABASE_READ_URL: is for a standby of DATABASE_URL, which is not set'
  if (config.STRICT_ROLES) {
    return 'STRICT_ROLES: needs DATABASE_URL, as the embedded database has its owner’s rights alone'
  }
  if (config.RATE_LIMIT_STORE === 'database') {
    return 'RATE_LIMIT_STORE: needs DATABASE_URL, as the embedded database has one process alone'
  }
  return undefined
}

/** Origins, as browsers send them. */
export function exactOrigins(text: string, issues: z.RefinementCtx): string[] {
  const origins = listed(text)
  if (!origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin)) {
    issues.addIssue('must be origins as browsers send them, such as https://app.example.org')
  }
  return origins
}
