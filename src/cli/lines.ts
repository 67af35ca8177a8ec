import { isUtf8 } from 'node:buffer'

const NEWLINE = 0x0a
// No line of a bundle is nearly as long; a file without line breaks must not fill the memory.
const LONGEST_BYTES = 4 * 1024 * 1024

/** Why a text cannot be read line by line. */
export class Unreadable extends Error {}

/**
 * Passes on each line of a stream of bytes, with whether it had an end, and reports after each piece of the stream. A
 * byte order mark is not part of the first line. Throws Unreadable if a line is not UTF-8 or is longer than a bundle's
 * can be. node:readline reports neither, and breaks lines at U+2028.
 */
export async function readLines(
  stream: AsyncIterable<Buffer>,
  onLine: (line: string, isEnded: boolean) => void,
  onPiece: () => void,
): Promise<void> {
  let rest: Buffer[] = []
  let isFirst = true
  const pass = (bytes: Buffer, isEnded: boolean) => {
    const text = textOf(bytes)
    onLine(isFirst ? text.replace(/^\ufeff/, '') : text, isEnded)
    isFirst = false
  }
  for await (const piece of stream) {
    let start = 0
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const line = piece.subarray(start, end)
      pass(rest.length === 0 ? line : Buffer.concat([...rest, line]), true)
      rest = []
      start = end + 1
    }
    if (start < piece.length) rest.push(piece.subarray(start))
    if (rest.reduce((sum, { length }) => sum + length, 0) > LONGEST_BYTES) throw new Unreadable('it is far too long')
    onPiece()
  }
  if (rest.length > 0) pass(Buffer.concat(rest), false)
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Unreadable('it is not UTF-8')
  return bytes.toString('utf8')
}
