/** A file that is not text; the message continues «the file …». */
export class NotText extends Error {}

/**
 * The text of a file, whichever program saved it: UTF-8, or UTF-16 behind its byte order mark, as PowerShell writes
 * what is redirected. The mark is no part of the text. Throws NotText.
 */
export function textOf(file: Uint8Array): string {
  const [first, second] = file
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(file)
  } catch {
    throw new NotText('is not text in UTF-8')
  }
}

/** Whether PostgreSQL can store a text: JSON may contain U+0000 and halves of a character, which it can't. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
