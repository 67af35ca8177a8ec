import { KeyObject } from 'node:crypto'
import { type createLocalJWKSet, errors } from 'jose'
import type { Issuer, TokenHeader } from './issuer.ts'
import { unreachable } from './provider.ts'

/** How old a provider's keys may get. */
export interface KeyTiming {
  /** From this age on they are fetched again in the background, as long as tokens come in. */
  renewMs: number
  /** From this age on a token waits for new ones, so that a withdrawn key stops working. */
  freshMs: number
  /** Up to this age they are used while the provider cannot be reached. */
  keptMs: number
  /** The time between two fetches, so that tokens with invented keys cannot make us hammer the provider. */
  cooldownMs: number
}

export const KEY_TIMING: KeyTiming = { renewMs: 30_000, freshMs: 60_000, keptMs: 3_600_000, cooldownMs: 2_000 }

type KeySet = ReturnType<typeof createLocalJWKSet>

/**
 * Keeps the keys of a provider. An unknown key is looked for at the provider; if that cannot be reached, nobody can
 * tell a new key from an invented one, and the answer is 503.
 */
export function keepKeys(
  fetchKeys: () => Promise<KeySet>,
  onFailure: (error: unknown) => void,
  { renewMs, freshMs, keptMs, cooldownMs }: KeyTiming,
): Issuer['keyOf'] {
  let keys: KeySet | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined
  let failure: unknown

  const fetchAgain = async (): Promise<void> => {
    triedAt = performance.now()
    try {
      keys = await fetchKeys()
      fetchedAt = triedAt
      failure = undefined
    } catch (error) {
      failure = error
      onFailure(error)
    }
  }
  /** Settles when nothing more can be learnt now. After a failure nobody waits: the next try runs in the background. */
  const renew = async (): Promise<void> => {
    if (!fetching && performance.now() - triedAt >= cooldownMs) {
      fetching = fetchAgain().finally(() => {
        fetching = undefined
      })
    }
    if (failure === undefined) await fetching
  }
  const find = async (header: TokenHeader): Promise<string | undefined> =>
    keys && performance.now() - fetchedAt <= keptMs ? pemOf(keys, header) : undefined

  return async (header) => {
    const age = performance.now() - fetchedAt
    if (age > freshMs) await renew()
    else if (age > renewMs) void renew()
    let found = await find(header)
    if (found === undefined) {
      await renew()
      found = await find(header)
    }
    if (found !== undefined) return found
    if (failure !== undefined) throw unreachable(failure)
    throw new Error('unknown key')
  }
}

const pems = new WeakMap<Awaited<ReturnType<KeySet>>, string>()

async function pemOf(keys: KeySet, header: TokenHeader): Promise<string | undefined> {
  const key = await keys(header as Parameters<KeySet>[0]).catch((error) => {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined
    throw error
  })
  if (!key) return undefined
  const pem = pems.get(key) ?? KeyObject.from(key).export({ type: 'spki', format: 'pem' }).toString()
  pems.set(key, pem)
  return pem
}
