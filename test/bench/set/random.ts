const seeds = new Map<string, number>()

/** A number from 0 to 1 that looks like chance and is the same at each call for the same purpose and n. */
export function share(purpose: string, n: number): number {
  let seed = seeds.get(purpose)
  if (seed === undefined) {
    seed = [...purpose].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 16_777_619), 2_166_136_261)
    seeds.set(purpose, seed)
  }
  // The finaliser of MurmurHash3.
  let mixed = seed ^ Math.imul(n + 1, 0x9e37_79b1)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
}
