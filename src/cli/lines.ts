import { isUtf8 } from 'node:buffer'

const NEWLINE = 0x0a
// No line of a bundle is nearly as long; a file without line breaks must not fill the memory.
const LONGEST_BYTES = 4 * 1024 * 1024

/** Why a text cannot be read line by line. */
export class Unreadable extends Error {}

/**
 * Passes on each line of a stream of bytes, and reports after each piece of the stream. Throws Unreadable if a line is
 * not UTF-8, has no end, or is longer than a bundle's can be. node:readline reports none of these, and breaks lines at
 * U+2028.
 */
export async function readLines(
  stream: AsyncIterable<Buffer>,
  onLine: (line: string) => void,
  onPiece: () => void,
): Promise<void> {
  let rest: Buffer[] = []
  for await (const piece of stream) {
    let start = 0
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const line = piece.subarray(start, end)
      onLine(textOf(rest.length === 0 ? line : Buffer.concat([...rest, line])))
      rest = []
      start = end + 1
    }
    if (start < piece.length) rest.push(piece.subarray(start))
    if (rest.reduce((sum, { length }) => sum + length, 0) > LONGEST_BYTES) throw new Unreadable('it is far too long')
    onPiece()
  }
  if (rest.length > 0) throw new Unreadable('it breaks off in the middle')
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Unreadable('it is not UTF-8')
  return bytes.toString('utf8')
}
