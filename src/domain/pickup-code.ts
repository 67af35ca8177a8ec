// Crockford's base 32: no I, L, O or U, which are misread or misheard at a counter.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Eight characters from five random bytes: 40 bits, grouped for reading aloud, `7K3M-9QXA`. */
export function pickupCode(random: Buffer): string {
  const bits = random.readUIntBE(0, 5)
  const letters = Array.from({ length: 8 }, (_, i) => ALPHABET[Math.floor(bits / 32 ** (7 - i)) % 32])
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}

/** The code as it was issued, from what somebody typed: case, spaces and dashes aside, O read as 0, I and L as 1. */
export function normalisePickupCode(typed: string): string {
  const plain = typed.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1')
  return `${plain.slice(0, 4)}-${plain.slice(4)}`
}
