import { createHash, randomInt } from 'node:crypto'
import fc from 'fast-check'
import { share } from '../bench/set/random.ts'

// A run that nobody gave a seed makes up the same things as the one before it: what fails once fails again.
const OF_THE_GATE = 20_200_511

/**
 * The seed that SEED asks for: a number, `random` for one that nobody knows yet, or left out for that of every gate.
 */
export function seedOf({ SEED }: NodeJS.ProcessEnv): number {
  if (!SEED) return OF_THE_GATE
  if (SEED === 'random') return randomInt(2 ** 31)
  if (/^\d{1,10}$/.test(SEED)) return Number(SEED)
  throw new Error(`SEED is a whole number or random, not ${JSON.stringify(SEED)}.`)
}

/** What all that tests make up follows from. */
export const seed = seedOf(process.env)
fc.configureGlobal({ seed })

/** fast-check with the run's seed. */
export { fc }

/** Draws that look like chance and are the same in every run of one seed. */
export interface Chance {
  pick<T>(from: readonly T[]): T
  /** Whether something happens that happens in this share of all cases. */
  happens(share: number): boolean
}

/** A stream of draws of a purpose's own, whatever else is drawn meanwhile. */
export function chanceFor(purpose: string): Chance {
  let draws = 0
  const next = () => share(`${seed} ${purpose}`, draws++)
  return {
    pick: <T>(from: readonly T[]) => from[Math.floor(next() * from.length)] as T,
    happens: (share) => next() < share,
  }
}

const drawn = { file: '', uuids: 0 }

/** Begins anew for a test file: what it makes up is the same whichever files its process has run before it. */
export function drawFor(file: string): void {
  Object.assign(drawn, { file, uuids: 0 })
}

/** A UUID, or a key, that no other call is given. */
export function seededUuid(): string {
  const hex = createHash('sha256')
    .update(`${seed} ${drawn.file} ${drawn.uuids++}`)
    .digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
