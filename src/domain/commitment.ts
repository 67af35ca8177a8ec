import { hash } from 'node:crypto'

const BLOCK_BYTES = 64
const INNER = 0x36
const OUTER = 0x5c

/**
 * HMAC-SHA-256(salt, payload) of RFC 2104, for salts of at most 64 bytes. createHmac gives the same, but takes five
 * times as long, most of it to turn the salt into a key object.
 */
export function commitmentTo(payload: Buffer, salt: Buffer): Buffer {
  return keyedHash(keyedHash(payload, salt, INNER), salt, OUTER)
}

function keyedHash(data: Buffer, salt: Buffer, pad: number): Buffer {
  const block = Buffer.allocUnsafe(BLOCK_BYTES + data.length)
  for (let place = 0; place < BLOCK_BYTES; place++) block[place] = (salt[place] ?? 0) ^ pad
  data.copy(block, BLOCK_BYTES)
  return hash('sha256', block, 'buffer')
}
