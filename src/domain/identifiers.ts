// RPPS is the directory that professions move to; ADELI is the older one that it replaces.
const RPPS = /^\d{11}$/
// The first two characters are a department, and departments have letters: 2A and 2B in Corsica, 9A to 9J overseas.
const ADELI = /^(?:\d\d|2[AB]|9[A-J])\d{7}$/
const FINESS = /^(?:\d\d|2[AB])\d{7}$/
const GTIN = /^(?:\d{8}|\d{12,14})$/

// Printed numbers are grouped by spaces, including no-break ones. A line break is not one: it stays and is refused.
const GROUPING_SPACES = /[ \u00a0\u202f]/g

/**
 * The number by which a professional is known: an RPPS number (11 digits) or an ADELI number (9 characters), without
 * grouping spaces, in capitals, and without the prefix of the national identifier (`8` + RPPS, `0` + ADELI). Undefined
 * if the text is neither.
 *
 * Only the length tells a prefix from a first digit: an RPPS number may itself begin with 8, and the ADELI numbers of
 * the departments 01 to 09 begin with 0. The key of an RPPS number is checked; no published rule was found for one in
 * ADELI numbers, and a guessed rule would turn professionals away.
 */
export function professionalId(text: string): string | undefined {
  const compact = compacted(text)
  const bare = hasNationalPrefix(compact) ? compact.slice(1) : compact
  if (RPPS.test(bare)) return hasLuhnKey(bare) ? bare : undefined
  return ADELI.test(bare) ? bare : undefined
}

/**
 * A FINESS number: 9 characters, without grouping spaces and in capitals. The last is a Luhn key over the whole, for
 * which the letters of 2A and 2B count as 1 and 2. Undefined if the text is not one.
 */
export function finessNumber(text: string): string | undefined {
  const compact = compacted(text)
  if (!FINESS.test(compact)) return undefined
  return hasLuhnKey(compact.replace('A', '1').replace('B', '2')) ? compact : undefined
}

/**
 * The department (overseas, the territory) of a valid FINESS number as an ISO 3166-2 code: `FR-31`, `FR-2A`, `FR-974`.
 * Undefined if the number does not begin with one.
 *
 * The first two characters are the department's, except overseas. Sources: the documentation of the SNDS on FINESS
 * numbers (97 and in the fourth place 1 to 5; 98 for Mayotte, numbered before it became the department 976), and the
 * FINESS extraction of 2026-05-12, which lists 9701 as «9A GUADELOUPE», 9702 as «9B MARTINIQUE», 9703 as «9C GUYANE»,
 * 9704 as «9D LA REUNION», 9805 as «9F MAYOTTE» and 9806 as «9J WALLIS ET FUTUNA». It keeps Saint-Martin and
 * Saint-Barthélemy under 9A, and their numbers begin with 9701 too: only the address tells them from Guadeloupe.
 */
export function departmentOfFiness(finess: string): string | undefined {
  const overseas = OVERSEAS_TERRITORIES.get(finess.slice(0, 4))
  if (overseas !== undefined) return overseas
  const department = finess.slice(0, 2)
  return METROPOLITAN_DEPARTMENT.test(department) ? `FR-${department}` : undefined
}

// 01 to 95, with 2A and 2B in place of 20.
const METROPOLITAN_DEPARTMENT = /^(?:0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5])$/

const OVERSEAS_TERRITORIES: ReadonlyMap<string, string> = new Map([
  ['9701', 'FR-971'],
  ['9702', 'FR-972'],
  ['9703', 'FR-973'],
  ['9704', 'FR-974'],
  ['9705', 'FR-PM'],
  ['9805', 'FR-976'],
  ['9806', 'FR-WF'],
])

/**
 * A GTIN of 8, 12, 13 (EAN-13, CIP13) or 14 digits, the last of which is the GS1 key (modulo 10, weights 1 and 3 from
 * the right), without grouping spaces. Undefined if the text is not one.
 */
export function gtin(text: string): string | undefined {
  const compact = compacted(text)
  if (!GTIN.test(compact)) return undefined
  return sumFromRight(compact, (digit, even) => (even ? digit * 3 : digit)) % 10 === 0 ? compact : undefined
}

/** The GTIN padded to 14 digits, so that all lengths compare equal: `0` + EAN-13. Undefined if it is not a GTIN. */
export function gtin14(text: string): string | undefined {
  return gtin(text)?.padStart(14, '0')
}

function compacted(text: string): string {
  return text.replace(GROUPING_SPACES, '').toUpperCase()
}

function hasNationalPrefix(compact: string): boolean {
  return (compact.length === 12 && compact.startsWith('8')) || (compact.length === 10 && compact.startsWith('0'))
}

function hasLuhnKey(digits: string): boolean {
  // Adding up the two digits of a doubled figure of 10 or more is the same as subtracting 9.
  return sumFromRight(digits, (digit, even) => (even ? digit * 2 - (digit > 4 ? 9 : 0) : digit)) % 10 === 0
}

function sumFromRight(digits: string, weighted: (digit: number, even: boolean) => number): number {
  let sum = 0
  for (let place = 1; place <= digits.length; place++) {
    sum += weighted(Number(digits[digits.length - place]), place % 2 === 0)
  }
  return sum
}
