const ABBREVIATED: Readonly<Record<string, string>> = {
  st: 'saint',
  ste: 'sainte',
  bd: 'boulevard',
  av: 'avenue',
  충청북도: '충북',
  충청남도: '충남',
  전라북도: '전북',
  전라남도: '전남',
  경상북도: '경북',
  경상남도: '경남',
}
const KOREAN_KIND = /(?<=^\p{Script=Hangul}{2,})(?:특별시|광역시|특별자치시|특별자치도|도)$/u

/**
 * The words of an address, however it is spelled: without accents, capitals, hyphens and commas, «St» as «Saint», and
 * 서울특별시 as 서울.
 */
export function addressWords(address: string): string[] {
  const plain = address.normalize('NFD').replace(/\p{Script=Latin}\p{M}+/gu, ([letter = '']) => letter)
  const words =
    plain
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  return words.map((word) => ABBREVIATED[word] ?? word.replace(KOREAN_KIND, ''))
}

/** Where an address is, and all that it says: words, each between two spaces, which is small and quickly searched. */
export interface KnownAddress {
  /** Postcode, town and department; all of it, where it has no postcode. */
  where: string
  all: string
}

/** An address with its department, to be found by the words of either. */
export function knownAddress(address: string, department: { code: string; name: string }): KnownAddress {
  const region = addressWords(`${department.code.replace(/^FR-/, '')} ${department.name}`)
  const town = /\b\d{5}\b.*$/s.exec(address)?.[0] ?? address
  const joined = (words: string[]) => ` ${[...words, ...region].join(' ')} `
  return { where: joined(addressWords(town)), all: joined(addressWords(address)) }
}

/** Whether an address is one of those that are asked for: it has all the words, and at least one says where. */
export function isAt({ where, all }: KnownAddress, words: readonly string[]): boolean {
  return words.every((word) => all.includes(` ${word} `)) && words.some((word) => where.includes(` ${word} `))
}
