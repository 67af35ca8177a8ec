import t from 'tap'
import { inLanguage } from '../../src/domain/language.ts'
import { dayOfYymmdd, readScan } from '../../src/domain/scan.ts'
import { fc } from '../support/seed.ts'

const GS = '\u001d'
const GTIN = '03401060011444'
const whole = { gtin14: GTIN, lot: 'LOT42', bestBefore: '271231', count: undefined }
const bare = { gtin14: GTIN, lot: undefined, bestBefore: undefined, count: undefined }

/** What scanners give for one and the same pack of lot LOT42, good until 2027-12-31. */
const FORMS = {
  'DataMatrix, the lot last': `01${GTIN}1727123110LOT42`,
  'with the symbology identifier of DataMatrix': `]d201${GTIN}1727123110LOT42`,
  'of GS1-128': `]C101${GTIN}1727123110LOT42`,
  'of a GS1 QR code': `]Q301${GTIN}1727123110LOT42`,
  'of GS1 DataBar': `]e001${GTIN}1727123110LOT42`,
  'of DotCode': `]J101${GTIN}1727123110LOT42`,
  'of DataMatrix by a keyboard in capitals': `]D201${GTIN}1727123110LOT42`,
  'the lot in the middle, FNC1 as the control character': `01${GTIN}10LOT42${GS}17271231`,
  'FNC1 in front as well': `${GS}01${GTIN}10LOT42${GS}17271231`,
  'FNC1 behind as well': `]d201${GTIN}10LOT42${GS}17271231${GS}`,
  'FNC1 after elements of a known length': `01${GTIN}${GS}17271231${GS}10LOT42`,
  'FNC1 as <GS>': `01${GTIN}10LOT42<GS>17271231`,
  'FNC1 as {GS}': `01${GTIN}10LOT42{GS}17271231`,
  'FNC1 as [GS]': `01${GTIN}10LOT42[GS]17271231`,
  'FNC1 as <FNC1>': `<FNC1>01${GTIN}10LOT42<FNC1>17271231`,
  'FNC1 as {FNC1}': `{FNC1}01${GTIN}10LOT42{FNC1}17271231`,
  'FNC1 as \\x1d': `01${GTIN}10LOT42\\x1d17271231`,
  'FNC1 as \\u001d': `01${GTIN}10LOT42\\u001D17271231`,
  'FNC1 as ^': `^01${GTIN}10LOT42^17271231`,
  'FNC1 as ^]': `01${GTIN}10LOT42^]17271231`,
  'FNC1 as |': `01${GTIN}10LOT42|17271231`,
  'FNC1 as ~': `01${GTIN}10LOT42~17271231`,
  'FNC1 as #': `01${GTIN}10LOT42#17271231`,
  'FNC1 as the symbol for it': `01${GTIN}10LOT42\u241d17271231`,
  'FNC1 as the codeword 232': `\u00e801${GTIN}10LOT42\u00e817271231`,
  'no FNC1, though the lot stands in the middle': `01${GTIN}10LOT4217271231`,
  'a serial number between, with FNC1': `01${GTIN}21S3R1AL${GS}1727123110LOT42`,
  'elements of more than two digits between': `01${GTIN}17271231710ABC${GS}240REF/7${GS}310300012510LOT42`,
  'a number of production date and price': `01${GTIN}11250101172712313920499${GS}10LOT42`,
  'Enter of the scanner behind': `01${GTIN}1727123110LOT42\r\n`,
  brackets: `(01)${GTIN}(17)271231(10)LOT42`,
  'brackets and spaces': ` (01) ${GTIN} (17) 271231 (10) LOT42 `,
  'square brackets': `[01]${GTIN}[17]271231[10]LOT42`,
  'brackets and an identifier': `]C1(01)${GTIN}(17)271231(10)LOT42`,
  'brackets and FNC1': `(01)${GTIN}(10)LOT42${GS}(17)271231`,
  'brackets and a GTIN of 13 digits': `(01)${GTIN.slice(1)}(17)271231(10)LOT42`,
  'brackets in another order': `(10)LOT42(17)271231(01)${GTIN}`,
  'best before (AI 15) where nothing expires': `01${GTIN}1527123110LOT42`,
  'both dates: it is good until it expires': `01${GTIN}152706301727123110LOT42`,
  'a GS1 Digital Link': `https://id.gs1.org/01/${GTIN}/10/LOT42?17=271231`,
  'a Digital Link of a brand, in a folder': `HTTPS://example.com/masks/01/${GTIN}/10/LOT42?17=271231&utm=a`,
  'a Digital Link that spells its keys out': `https://example.com/gtin/${GTIN.slice(1)}/lot/LOT42?17=271231`,
}

for (const [form, text] of Object.entries(FORMS)) {
  t.test(`${form} says the pack, its lot and its date`, async (t) => t.strictSame(readScan(text), whole))
}

t.test('a plain GTIN in any length, as from an EAN, is a pack, and nothing else is said', async (t) => {
  for (const text of ['3401060011444', ']E03401060011444', GTIN, `]I1${GTIN}`, '3401060011444\r']) {
    t.strictSame(readScan(text), bare, text)
  }
  t.match(readScan('96385074'), { gtin14: '00000096385074' })
  t.match(readScan('036000291452'), { gtin14: '00036000291452' })
})

t.test('a count (AI 30) is read, with and without FNC1 in front of it', async (t) => {
  for (const text of [
    `01${GTIN}1727123110LOT42${GS}3012`,
    `01${GTIN}3012${GS}1727123110LOT42`,
    `01${GTIN}10LOT42172712313012`,
    `(01)${GTIN}(17)271231(10)LOT42(30)12`,
    `https://id.gs1.org/01/${GTIN}/10/LOT42?17=271231&30=12`,
  ]) {
    t.strictSame(readScan(text), { ...whole, count: 12 }, text)
  }
})

t.test('a lot may hold whatever GS1 lets it, brackets and AIs of others among it', async (t) => {
  for (const lot of ['A', '1700', 'a-b/C_1.2', '(A)', 'X<1>', '21', `${'9'.repeat(20)}`, '30A17']) {
    t.strictSame(readScan(`01${GTIN}17271231${GS}10${lot}`), { ...whole, lot }, lot)
  }
})

t.test('what is no GS1 code of a pack is told what is wrong with it', async (t) => {
  for (const [text, fault] of [
    ['', /no GTIN/],
    ['hello', /not the text of a GS1 code/],
    ['3401060011445', /check digit/],
    [`0103401060011445`, /check digit/],
    [`(01)3401060011445`, /check digit/],
    [`(01)34010600114`, /check digit/],
    [`0103401060`, /ends within AI 01/],
    [`01${GTIN}17${GS}10LOT`, /ends within AI 17/],
    [`01${GTIN}10`, /nothing for AI 10/],
    [`(01)${GTIN}(10)`, /lot \(AI 10\)/],
    [`01${GTIN}10${'A'.repeat(21)}`, /lot \(AI 10\)/],
    [`01${GTIN}10LÖT`, /lot \(AI 10\)/],
    [`01${GTIN}17271331`, /no day/],
    [`01${GTIN}17270230`, /no day/],
    [`01${GTIN}17270001`, /no day/],
    [`(01)${GTIN}(17)2027-12-31`, /no day/],
    [`01${GTIN}30A`, /count/],
    [`01${GTIN}300`, /count/],
    [`01${GTIN}30123456789`, /count/],
    [`01${GTIN}0103400935955838`, /AI 01 twice/],
    [`01${GTIN}10A${GS}10B`, /AI 10 twice/],
    ['17271231' + '10LOT42', /no GTIN/],
    [']d2', /no GTIN/],
    ['https://example.com/', /without a GTIN/],
    ['https://example.com/01/1', /without a GTIN/],
    [`https://example.com/01/${GTIN}/10/%E0%A4%A`, /Digital Link/],
    ['https://[', /Digital Link/],
  ] as const) {
    const read = readScan(text)
    t.match('fault' in read && inLanguage(read.fault, 'en'), fault, JSON.stringify(text))
  }
})

t.test('a year of two digits lies within 50 years, and day 00 is the last of the month', async (t) => {
  for (const [yymmdd, thisYear, day] of [
    ['271231', 2026, '2027-12-31'],
    ['270200', 2026, '2027-02-28'],
    ['280200', 2026, '2028-02-29'],
    ['280229', 2026, '2028-02-29'],
    ['271200', 2026, '2027-12-31'],
    ['760101', 2026, '2076-01-01'],
    ['770101', 2026, '1977-01-01'],
    ['260101', 2026, '2026-01-01'],
    ['200101', 2026, '2020-01-01'],
    ['500101', 2099, '2050-01-01'],
    ['490101', 2099, '2149-01-01'],
    ['000101', 2051, '2100-01-01'],
    ['990101', 2049, '2099-01-01'],
    ['990101', 2048, '1999-01-01'],
    ['270229', 2026, undefined],
    ['271301', 2026, undefined],
    ['270001', 2026, undefined],
    ['270431', 2026, undefined],
  ] as const) {
    t.equal(dayOfYymmdd(yymmdd, thisYear), day, `${yymmdd} in ${thisYear}`)
  }
})

const lots = fc.stringMatching(/^[A-Z0-9][A-Za-z0-9./-]{0,18}[A-Z]$/)
const days = fc
  .record({
    year: fc.integer({ min: 2010, max: 2070 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 28 }),
  })
  .map(({ year, month, day }) => [year % 100, month, day].map((part) => String(part).padStart(2, '0')).join(''))
const gtins = fc.stringMatching(/^\d{13}$/).map((digits) => {
  const sum = [...digits].reduce((total, digit, nth) => total + Number(digit) * (nth % 2 === 0 ? 3 : 1), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
})

t.test('whatever is printed on a pack is read back, in any order and with any separator', async (t) => {
  const packs = fc.record({
    gtin14: gtins,
    lot: lots,
    bestBefore: days,
    count: fc.integer({ min: 1, max: 99_999_999 }),
  })
  const separators = fc.constantFrom(GS, '<GS>', '{FNC1}', '|', '^', '\u241d', '\\x1d', ' ')
  const orders = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 })
  const prefixes = fc.constantFrom('', ']d2', ']C1', ']Q3')
  fc.assert(
    fc.property(packs, separators, orders, prefixes, fc.boolean(), (pack, separator, order, prefix, brackets) => {
      const elements = [
        ['01', pack.gtin14],
        ['10', pack.lot],
        ['17', pack.bestBefore],
        ['30', String(pack.count)],
      ] as const
      const printed = order.map((nth) => elements[nth] ?? elements[0])
      const text = brackets
        ? printed.map(([ai, value]) => `(${ai})${value}`).join('')
        : printed.map(([ai, value]) => `${ai}${value}`).join(separator)
      t.strictSame(readScan(prefix + text), { ...pack }, prefix + text)
    }),
  )
})

t.test('no text makes it fail otherwise than with a fault that says why', async (t) => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          '01',
          GTIN,
          '10',
          '17',
          '30',
          '271231',
          '(',
          ')',
          '[01]',
          ']d2',
          GS,
          '^',
          'https://a/',
          '/',
          '%',
          '?',
          ' ',
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const read = readScan(text)
      t.ok(
        'fault' in read ? inLanguage(read.fault, 'fr').length > 0 : /^\d{14}$/.test(read.gtin14),
        JSON.stringify(text),
      )
    }),
  )
})
