/**
 * The bytes that a text is the base64 of, with padding; undefined where it is none, or not the one text that these bytes
 * are written as: a proof whose letters can change without its meaning would hide edits.
 */
export function bytesOf(base64: string): Buffer | undefined {
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 ? bytes : undefined
}

/** The hash (32 bytes) that a text is the base64 of, or undefined. */
export function hashOf(base64: unknown): Buffer | undefined {
  if (typeof base64 !== 'string' || base64.length !== 44) return undefined
  const bytes = bytesOf(base64)
  return bytes?.length === 32 ? bytes : undefined
}
