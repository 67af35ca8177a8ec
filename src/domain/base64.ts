/**
 * Decodes padded base64; undefined if the text is not base64, or not the one text that encodes these bytes. A proof
 * whose letters can change without changing its meaning could hide edits.
 */
export function bytesOf(base64: string): Buffer | undefined {
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 ? bytes : undefined
}

/** Decodes a base64 hash of 32 bytes; undefined if the text is none. */
export function hashOf(base64: unknown): Buffer | undefined {
  if (typeof base64 !== 'string' || base64.length !== 44) return undefined
  const bytes = bytesOf(base64)
  return bytes?.length === 32 ? bytes : undefined
}
