import t from 'tap'
import { counted, day, inLanguage, moment, phrase, type Text } from '../../src/domain/language.ts'

const at = Date.parse('2026-03-05T09:00:00Z')

t.test('figures, plurals, days and times are written as each language writes them', async (t) => {
  const text: Text = {
    en: phrase`${counted(1_200, 'mask', 'masks')} of ${1_000_000} until ${moment(at, 'Europe/Paris')} or ${day(at)}`,
    fr: phrase`${counted(1_200, 'masque', 'masques')} sur ${1_000_000} jusqu’au ${moment(at, 'Europe/Paris')} ou ${day(at)}`,
  }
  t.equal(inLanguage(text, 'en'), '1,200 masks of 1,000,000 until 5 March 2026 at 10:00 CET or 5 March 2026')
  t.equal(
    inLanguage(text, 'fr'),
    '1\u202f200\u00a0masques sur 1\u202f000\u202f000 jusqu’au 5 mars 2026 à 10:00 UTC+1 ou 5 mars 2026',
  )
  const none: Text = { en: phrase`${counted(0, 'mask', 'masks')}`, fr: phrase`${counted(0, 'masque', 'masques')}` }
  t.equal(inLanguage(none, 'en'), '0 masks')
  t.equal(inLanguage(none, 'fr'), '0\u00a0masque', 'none is singular in French')
})

t.test('a time without a place is in UTC, and says so; the first of a month is an ordinal in French', async (t) => {
  const first = Date.parse('2026-03-01T00:00:00Z')
  const text: Text = { en: phrase`from ${moment(first)}`, fr: phrase`à partir du ${moment(first)}` }
  t.equal(inLanguage(text, 'en'), 'from 1 March 2026 at 00:00 UTC')
  t.equal(inLanguage(text, 'fr'), 'à partir du 1er mars 2026 à 00:00 UTC')
})

t.test('a text within a text is put in the same language, and French marks keep their spaces', async (t) => {
  const inner: Text = { en: 'unknown', fr: 'inconnu' }
  const text: Text = { en: phrase`x: ${inner}; «${'a'}»!`, fr: phrase`x : ${inner} ; « ${'a'} » !` }
  t.equal(inLanguage(text, 'en'), 'x: unknown; «a»!')
  t.equal(inLanguage(text, 'fr'), 'x\u00a0: inconnu\u202f; «\u00a0a\u00a0»\u202f!')
})
