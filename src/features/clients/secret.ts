import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
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
 * each attempt takes one comparison, whether the client and secret exist or not.
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

// Compared with when there is no stored hash, so that it takes as long.
const NOBODY = [
  'scrypt',
  COST.N,
  COST.r,
  COST.p,
  Buffer.alloc(16).toString('base64'),
  Buffer.alloc(LENGTH).toString('base64'),
].join('$')

// scrypt is slow by design and uses the threads that files and DNS need too: two at a time leave half of them free.
const MOST_AT_ONCE = 2
const MOST_WAITING = 64
let running = 0
const waiting: (() => void)[] = []

/** Whether a secret matches a stored hash; takes as long if there is none. Throws `unavailable` while too many wait. */
export async function isSecret(text: string, hash: string | undefined): Promise<boolean> {
  if (waiting.length >= MOST_WAITING)
    throw new Rejection('unavailable', 'Too many token requests at once. Try again in a moment.')
  if (running >= MOST_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    const [, N, r, p, salt = '', key = ''] = (hash ?? NOBODY).split('$')
    const kept = Buffer.from(key, 'base64')
    const options = { N: Number(N), r: Number(r), p: Number(p), maxmem: 256 * Number(N) * Number(r) }
    const given = await derive(text, Buffer.from(salt, 'base64'), kept.length, options)
    return timingSafeEqual(given, kept) && hash !== undefined
  } finally {
    const next = waiting.shift() // Gets our turn.
    if (next) next()
    else running--
  }
}
