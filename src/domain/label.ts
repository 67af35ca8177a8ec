// None that is written or read like another, or like a digit.
const LETTERS = 'ACDEFGHJKLMNPRTUVWXY'
const DIGITS = '2345679'

/** How many bytes a label is drawn from. */
export const LABEL_BYTES = 2

/** Two letters and a digit from random bytes: 2,800 labels, each as likely as any other within 5 %. */
export function labelsOf(bytes: Buffer): string[] {
  const draws = Array.from({ length: bytes.length / LABEL_BYTES }, (_, nth) => bytes.readUInt16BE(nth * LABEL_BYTES))
  return draws.map((drawn) => {
    const [letters, digit] = [Math.floor(drawn / DIGITS.length), drawn % DIGITS.length]
    return [
      LETTERS[Math.floor(letters / LETTERS.length) % LETTERS.length],
      LETTERS[letters % LETTERS.length],
      DIGITS[digit],
    ].join('')
  })
}
