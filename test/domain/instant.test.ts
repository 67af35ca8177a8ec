import t from 'tap'
import { instantOf, isNameable, iso, NAMEABLE } from '../../src/domain/instant.ts'

t.test('an instant is written in UTC with milliseconds', async (t) => {
  t.equal(iso(0), '1970-01-01T00:00:00.000Z')
  t.equal(iso(1_589_148_000_007), '2020-05-10T22:00:00.007Z')
})

t.test('the same instant is read whatever the offset, case and precision it is written with', async (t) => {
  const midnightInParis = 1_589_148_000_000
  for (const text of [
    '2020-05-10T22:00:00Z',
    '2020-05-10T22:00:00.000Z',
    '2020-05-11T00:00:00+02:00',
    '2020-05-11T02:00:00.0+04:00',
    '2020-05-10T18:00:00-04:00',
    '2020-05-11T03:30:00+05:30',
    '2020-05-10t22:00:00z',
    '2020-05-10T22:00:00-00:00',
  ]) {
    t.equal(instantOf(text), midnightInParis, text)
  }
})

t.test('digits after the milliseconds are dropped, so that Sunday never becomes Monday', async (t) => {
  t.equal(iso(instantOf('2020-05-10T23:59:59.9999999Z')), '2020-05-10T23:59:59.999Z')
  t.equal(iso(instantOf('2020-05-10T23:59:59.5Z')), '2020-05-10T23:59:59.500Z')
})

t.test('what may be named ends with the years 1970 and 2199', async (t) => {
  const { first, last } = NAMEABLE
  for (const within of [first, last]) t.ok(isNameable(within))
  for (const outside of [first - 1, last + 1]) t.notOk(isNameable(outside))
})

t.test('29 February exists in leap years alone', async (t) => {
  t.equal(iso(instantOf('2020-02-29T12:00:00Z')), '2020-02-29T12:00:00.000Z')
  t.throws(() => instantOf('2021-02-29T12:00:00Z'), RangeError)
})

t.test('the first and last writable instants are read, and their neighbours refused', async (t) => {
  t.equal(iso(instantOf('0001-01-01T00:00:00Z')), '0001-01-01T00:00:00.000Z')
  t.equal(iso(instantOf('9999-12-31T23:59:59.999Z')), '9999-12-31T23:59:59.999Z')
  t.throws(() => instantOf('0001-01-01T00:00:00+00:01'), RangeError)
  t.throws(() => instantOf('9999-12-31T23:59:59-00:01'), RangeError)
})

t.test('anything that is not an RFC 3339 date-time with an offset is refused', async (t) => {
  for (const text of [
    '',
    '2020-05-11',
    '2020-05-11T00:00:00',
    '2020-05-11T00:00Z',
    '2020-05-11 00:00:00Z',
    '2020-05-11T00:00:00.Z',
    '2020-05-11T00:00:00,5Z',
    '2020-05-11T24:00:00Z',
    '2020-05-11T23:60:00Z',
    '2016-12-31T23:59:60Z',
    '2020-05-11T00:00:00+24:00',
    '2020-05-11T00:00:00+02',
    '2020-05-11T00:00:00+0200',
    '2020-00-11T00:00:00Z',
    '2020-13-11T00:00:00Z',
    '2020-05-00T00:00:00Z',
    '2020-04-31T00:00:00Z',
    '20-05-11T00:00:00Z',
    '+002020-05-11T00:00:00Z',
    '2020-05-11T00:00:00Z\n',
    ' 2020-05-11T00:00:00Z',
    '٢٠٢٠-05-11T00:00:00Z',
    '1589148000000',
  ]) {
    t.throws(() => instantOf(text), RangeError, JSON.stringify(text))
  }
})
