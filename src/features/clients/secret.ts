import { hash as digest, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { LRUCache } from 'lru-cache'
import { v4 as uuid } from 'uuid'
import { Rejection } from '../../domain/refusals.ts'

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** A new secret: `text` is shown once, `hash` is kept. */
export interface NewSecret {
  id: string
  text: string
  hash: string
}

// 16 MiB and some 40 ms. A higher cost would be no safer, since 256 random bits cannot be guessed, and would only make
// each attempt more expensive for us.
const COST = { N: 16_384, r: 8, p: 1 }
const LENGTH = 32

/**
 * Makes a secret of 256 random bits. The id before the dot is not secret: it says which hash to compare with, so that
 * each attempt takes one comparison at most.
 */
export async function makeSecret(): Promise<NewSecret> {
  const id = uuid()
  const text = `${id}.${randomBytes(32).toString('base64url')}`
  const salt = randomBytes(16)
  const key = await derive(text, salt, LENGTH, COST)
  return {
    id,
    text,
    hash: ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), key.toString('base64')].join('$'),
  }
}

const shape = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[A-Za-z0-9_-]{43}$/

/** The id in a secret; undefined if the text cannot be a secret. */
export function secretIdOf(text: string): string | undefined {
  return shape.exec(text)?.[1]
}

// scrypt is slow by design and uses the threads that files and DNS need too: two at a time leave half of them free.
const MOST_AT_ONCE = 2
const MOST_WAITING = 64
const MOST_WAITING_FOR_ONE = 8
let running = 0
const waiting: { hash: string; go: () => void }[] = []

// Secrets that were right here, and those being compared. A client that has been here before needs no turn, whoever
// else tries its secret.
const compared = new LRUCache<string, Promise<boolean>>({ max: 10_000 })

/**
 * Whether a secret matches a stored hash. Without one the answer comes at once: that costs nothing, and all it tells is
 * that no live secret has this id, which nobody can guess. Throws `unavailable` while too many wait, in all or for the
 * same secret.
 */
export async function isSecret(text: string, hash: string | undefined): Promise<boolean> {
  if (hash === undefined) return false
  const pair = digest('sha256', `${hash}\n${text}`)
  const before = compared.get(pair)
  if (before) return before
  const comparison = inTurn(hash, () => matches(text, hash))
  compared.set(pair, comparison)
  const isRight = await comparison.catch(() => false)
  if (!isRight && compared.get(pair) === comparison) compared.delete(pair)
  return comparison
}

async function inTurn<T>(hash: string, work: () => Promise<T>): Promise<T> {
  const own = waiting.filter((each) => each.hash === hash).length
  if (waiting.length >= MOST_WAITING || own >= MOST_WAITING_FOR_ONE) {
    throw new Rejection('unavailable', {
      en: 'Too many token requests at once. Try again in a moment.',
      fr: 'Trop de demandes de jeton à la fois. Réessayez dans un instant.',
    })
  }
  if (running >= MOST_AT_ONCE) await new Promise<void>((go) => waiting.push({ hash, go }))
  else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift() // Gets our turn.
    if (next) next.go()
    else running--
  }
}

async function matches(text: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = hash.split('$')
  const kept = Buffer.from(key, 'base64')
  const options = { N: Number(N), r: Number(r), p: Number(p), maxmem: 256 * Number(N) * Number(r) }
  return timingSafeEqual(await derive(text, Buffer.from(salt, 'base64'), kept.length, options), kept)
}
