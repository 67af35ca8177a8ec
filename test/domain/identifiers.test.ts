import t from 'tap'
import { departmentOfFiness, finessNumber, gtin, gtin14, professionalId } from '../../src/domain/identifiers.ts'
import { fc } from '../support/seed.ts'

t.test('an RPPS number is known with and without its national prefix', async (t) => {
  for (const rpps of ['99700237045', '99700427885']) {
    t.equal(professionalId(rpps), rpps)
    t.equal(professionalId(`8${rpps}`), rpps)
  }
})

t.test('an RPPS number whose key is wrong is refused, with and without its prefix', async (t) => {
  for (const rpps of ['10003461033', '10102727017', '99700237046']) {
    t.equal(professionalId(rpps), undefined)
    t.equal(professionalId(`8${rpps}`), undefined)
  }
})

t.test('an RPPS number that begins with 8 keeps its first digit', async (t) => {
  t.equal(professionalId('81000000001'), undefined, 'wrong key')
  t.equal(professionalId('81000000000'), '81000000000')
  t.equal(professionalId('881000000000'), '81000000000')
})

t.test('an ADELI number is known with and without its national prefix', async (t) => {
  for (const adeli of ['879101558', '019312345', '2A9312345', '2B9312345', '9A9312345', '9D9312345']) {
    t.equal(professionalId(adeli), adeli)
    t.equal(professionalId(`0${adeli}`), adeli)
  }
})

t.test('letters stand only where a department has one', async (t) => {
  for (const text of ['2C9312345', '3A9312345', 'A29312345', '9K9312345', '2AB312345', '87910155X', '9970023704A']) {
    t.equal(professionalId(text), undefined, text)
  }
})

t.test('grouping spaces and small letters make no second person', async (t) => {
  t.equal(professionalId(' 997 002 370 45 '), '99700237045')
  t.equal(professionalId('8\u00a0997\u202f00237045'), '99700237045')
  t.equal(professionalId('2a9312345'), '2A9312345')
})

t.test('text of another length, with another prefix or with control characters is no national number', async (t) => {
  for (const text of [
    '',
    '0',
    '9970023704',
    '997002370450',
    '099700237045',
    '1879101558',
    '8879101558',
    '8899700237045',
    '99700237045\n',
    '99700237045\r\nX',
    '-99700237045',
    '٩٩٧٠٠٢٣٧٠٤٥',
    '87910155',
  ]) {
    t.equal(professionalId(text), undefined, JSON.stringify(text))
  }
})

t.test('a single wrong digit of an RPPS number never passes', async () => {
  fc.assert(
    fc.property(fc.nat(10), fc.integer({ min: 1, max: 9 }), (place, shift) => {
      const digits = [...'99700237045'].map((digit, at) => (at === place ? (Number(digit) + shift) % 10 : digit))
      return professionalId(digits.join('')) === undefined
    }),
  )
})

t.test('FINESS numbers of the mainland, of Corsica and of overseas are known', async (t) => {
  // Pharmacies of Niort; hospitals named in the arrêté of 4 March 2015 and in the FINESS extraction of 2026-05-12.
  for (const [finess, department] of [
    ['790010995', 'FR-79'],
    ['790010128', 'FR-79'],
    ['790010755', 'FR-79'],
    ['010000024', 'FR-01'],
    ['2A0000154', 'FR-2A'],
    ['2B0004246', 'FR-2B'],
    ['2B0005342', 'FR-2B'],
    ['970100400', 'FR-971'],
    ['970210126', 'FR-972'],
    ['970302022', 'FR-973'],
    ['970408589', 'FR-974'],
    ['980502199', 'FR-976'],
    ['980600027', 'FR-WF'],
  ] as const) {
    t.equal(finessNumber(finess), finess)
    t.equal(departmentOfFiness(finess), department, finess)
  }
})

t.test('a FINESS number is read in the groups and letters that people type', async (t) => {
  t.equal(finessNumber('79 001 099 5'), '790010995')
  t.equal(finessNumber('2b0004246'), '2B0004246')
})

t.test('a FINESS number with a wrong key, letter or length is refused', async (t) => {
  for (const text of [
    '790010994',
    '970010995',
    '2A0004246',
    '2B0000154',
    '2C0000154',
    '210000154X',
    '79001099',
    '7900109950',
    '79001A995',
    '790010995\n',
    '',
  ]) {
    t.equal(finessNumber(text), undefined, JSON.stringify(text))
  }
})

t.test('a FINESS number of Saint-Pierre-et-Miquelon names that collectivity', async (t) => {
  t.equal(departmentOfFiness('970500001'), 'FR-PM')
})

t.test('no department is made up for a FINESS number that names none', async (t) => {
  // The undivided Corsica of before 1976, and prefixes that nothing is known of.
  for (const finess of ['200000008', '000000000', '960000009', '970000005', '971100001', '980000001', '990000003']) {
    t.equal(departmentOfFiness(finess), undefined, finess)
  }
})

t.test('a GTIN is known in each of its lengths and has one form of 14 digits', async (t) => {
  for (const [text, fourteen] of [
    ['96385074', '00000096385074'],
    ['036000291452', '00036000291452'],
    ['3400935955838', '03400935955838'],
    ['10614141000415', '10614141000415'],
  ] as const) {
    t.equal(gtin(text), text)
    t.equal(gtin14(text), fourteen)
    t.equal(gtin14(fourteen), fourteen, 'padding does not change the key')
  }
})

t.test('a GTIN with a wrong key or of another length is refused', async (t) => {
  for (const text of [
    '3400935955839',
    '3400953955838',
    '96385075',
    '340093595583',
    '963850740',
    '',
    '034009359558380',
  ]) {
    t.equal(gtin(text), undefined, text)
    t.equal(gtin14(text), undefined, text)
  }
})
