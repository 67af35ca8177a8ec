import t from 'tap'
import { instantOf, iso } from '../../src/domain/instant.ts'
import { countsIn, type Period, periodAt, type RuleWindow } from '../../src/domain/periods.ts'

const weekly: RuleWindow = { kind: 'calendar_weeks', count: 1 }
const fortnightly: RuleWindow = { kind: 'calendar_weeks', count: 2 }

const from11May = { validFrom: instantOf('2020-05-11T00:00:00+02:00'), validTo: null }
const inParis = { ...from11May, timeZone: 'Europe/Paris' }
const inReunion = { ...from11May, timeZone: 'Indian/Reunion' }
const inGuadeloupe = { ...from11May, timeZone: 'America/Guadeloupe' }

function written({ start, end }: Period): string {
  return `${iso(start)} ${end === null ? 'open' : iso(end)}`
}

function weekOf(at: string, context = inParis, window = weekly): string {
  return written(periodAt(window, context, instantOf(at)))
}

t.test('a week begins on Monday 00:00 in Paris and ends a millisecond after Sunday 23:59:59.999', async (t) => {
  const week = '2020-05-10T22:00:00.000Z 2020-05-17T22:00:00.000Z'
  t.equal(weekOf('2020-05-11T00:00:00+02:00'), week)
  t.equal(weekOf('2020-05-17T23:59:59.999+02:00'), week)
  t.equal(weekOf('2020-05-10T23:59:59.999+02:00'), '2020-05-03T22:00:00.000Z 2020-05-10T22:00:00.000Z')
  t.equal(weekOf('2020-05-18T00:00:00+02:00'), '2020-05-17T22:00:00.000Z 2020-05-24T22:00:00.000Z')
})

t.test('the week of a practice in La Réunion turns two hours before that of Paris', async (t) => {
  const at = '2020-05-10T20:00:00Z'
  t.equal(weekOf(at, inReunion), '2020-05-10T20:00:00.000Z 2020-05-17T20:00:00.000Z')
  t.equal(weekOf(at, inParis), '2020-05-03T22:00:00.000Z 2020-05-10T22:00:00.000Z')
  t.equal(weekOf('2020-05-10T23:59:59.999+04:00', inReunion), '2020-05-03T20:00:00.000Z 2020-05-10T20:00:00.000Z')
})

t.test(
  'a receipt on Sunday 23:59:59.999 counts in the week that ends and one on Monday 00:00 in the next',
  async (t) => {
    const sunday = instantOf('2020-05-17T23:59:59.999+04:00')
    const monday = instantOf('2020-05-18T00:00:00.000+04:00')
    const ending = periodAt(weekly, inReunion, sunday)
    const next = periodAt(weekly, inReunion, monday)
    t.same([countsIn(weekly, ending, sunday), countsIn(weekly, ending, monday)], [true, false])
    t.same([countsIn(weekly, next, sunday), countsIn(weekly, next, monday)], [false, true])
  },
)

t.test('the week with the spring change lasts 167 hours, the one with the autumn change 169', async (t) => {
  t.equal(weekOf('2020-03-29T12:00:00Z'), '2020-03-22T23:00:00.000Z 2020-03-29T22:00:00.000Z')
  t.equal(weekOf('2020-03-29T23:59:59.999+02:00'), '2020-03-22T23:00:00.000Z 2020-03-29T22:00:00.000Z')
  t.equal(weekOf('2020-10-25T12:00:00Z'), '2020-10-18T22:00:00.000Z 2020-10-25T23:00:00.000Z')
  t.equal(weekOf('2020-10-25T23:59:59.999+01:00'), '2020-10-18T22:00:00.000Z 2020-10-25T23:00:00.000Z')
  t.equal(weekOf('2020-10-26T00:00:00+01:00'), '2020-10-25T23:00:00.000Z 2020-11-01T23:00:00.000Z')
})

t.test('both hours that the clocks of Paris call 02:30 on 25 October 2020 lie in one week', async (t) => {
  t.equal(weekOf('2020-10-25T02:30:00+02:00'), weekOf('2020-10-25T02:30:00+01:00'))
})

t.test('La Réunion has no change, so that its week lasts 168 hours while that of Paris lasts 167', async (t) => {
  t.equal(weekOf('2020-03-29T12:00:00Z', inReunion), '2020-03-22T20:00:00.000Z 2020-03-29T20:00:00.000Z')
})

t.test('week 53 of 2020 is one week, across New Year', async (t) => {
  const week53 = '2020-12-27T23:00:00.000Z 2021-01-03T23:00:00.000Z'
  t.equal(weekOf('2020-12-31T23:59:59.999+01:00'), week53)
  t.equal(weekOf('2021-01-01T00:00:00+01:00'), week53)
  t.equal(weekOf('2021-01-03T23:59:59.999+01:00'), week53)
  t.equal(weekOf('2021-01-04T00:00:00+01:00'), '2021-01-03T23:00:00.000Z 2021-01-10T23:00:00.000Z')
})

t.test('two-week blocks are counted from the Monday of the week of validFrom, past week 53', async (t) => {
  const fromWednesday = { ...inParis, validFrom: instantOf('2020-12-16T09:00:00+01:00') }
  const first = '2020-12-13T23:00:00.000Z 2020-12-27T23:00:00.000Z'
  const second = '2020-12-27T23:00:00.000Z 2021-01-10T23:00:00.000Z'
  t.equal(weekOf('2020-12-16T09:00:00+01:00', fromWednesday, fortnightly), first)
  t.equal(weekOf('2020-12-27T23:59:59.999+01:00', fromWednesday, fortnightly), first)
  t.equal(weekOf('2020-12-28T00:00:00+01:00', fromWednesday, fortnightly), second)
  t.equal(weekOf('2021-01-10T23:59:59.999+01:00', fromWednesday, fortnightly), second)
})

t.test('two-week blocks keep to midnight across both daylight-saving changes', async (t) => {
  t.equal(weekOf('2020-10-25T12:00:00Z', inParis, fortnightly), '2020-10-11T22:00:00.000Z 2020-10-25T23:00:00.000Z')
  const fromFebruary = { ...inParis, validFrom: instantOf('2020-02-03T00:00:00+01:00') }
  t.equal(
    weekOf('2020-03-30T00:00:00+02:00', fromFebruary, fortnightly),
    '2020-03-29T22:00:00.000Z 2020-04-12T22:00:00.000Z',
  )
})

t.test('blocks go on before validFrom', async (t) => {
  t.equal(
    weekOf('2020-05-10T23:59:59.999+02:00', inParis, fortnightly),
    '2020-04-26T22:00:00.000Z 2020-05-10T22:00:00.000Z',
  )
  t.equal(
    weekOf('2020-04-26T12:00:00+02:00', inParis, fortnightly),
    '2020-04-12T22:00:00.000Z 2020-04-26T22:00:00.000Z',
  )
})

t.test('the same validFrom lies in another week where it is still Sunday', async (t) => {
  t.equal(
    weekOf('2020-05-12T12:00:00Z', inGuadeloupe, fortnightly),
    '2020-05-04T04:00:00.000Z 2020-05-18T04:00:00.000Z',
  )
  t.equal(weekOf('2020-05-12T12:00:00Z', inParis, fortnightly), '2020-05-10T22:00:00.000Z 2020-05-24T22:00:00.000Z')
})

t.test('a rule that begins in mid-week counts what was received since Monday', async (t) => {
  const fromWednesday = { ...inParis, validFrom: instantOf('2020-05-13T00:00:00+02:00') }
  const period = periodAt(weekly, fromWednesday, instantOf('2020-05-14T10:00:00+02:00'))
  t.equal(written(period), '2020-05-10T22:00:00.000Z 2020-05-17T22:00:00.000Z')
  t.ok(countsIn(weekly, period, instantOf('2020-05-11T08:00:00+02:00')))
})

t.test(
  'weeks begin on Monday in the first century too, of which rules of earlier releases may say that they began',
  async (t) => {
    const fromYearOne = { ...inParis, validFrom: instantOf('0001-01-01T00:00:00Z') }
    const period = periodAt(weekly, fromYearOne, instantOf('2020-05-14T10:00:00+02:00'))
    t.equal(written(period), '2020-05-10T22:00:00.000Z 2020-05-17T22:00:00.000Z')
  },
)

t.test('an unknown time zone is an error, not a week of NaN', async (t) => {
  t.throws(() => periodAt(weekly, { ...inParis, timeZone: 'Europe/Toulouse' }, 0), RangeError)
})
