import t from 'tap'
import { instantOf, iso } from '../../src/domain/instant.ts'
import { countsIn, leavesAt, periodAt, type RuleWindow } from '../../src/domain/periods.ts'

const weekly: RuleWindow = { kind: 'calendar_weeks', count: 1 }
const sevenDays: RuleWindow = { kind: 'rolling_days', count: 7 }
const once: RuleWindow = { kind: 'once' }

const context = { validFrom: instantOf('2020-03-03T00:00:00+01:00'), validTo: null, timeZone: 'Europe/Paris' }
const at = instantOf('2020-05-20T10:15:30.500+02:00')
const DAY_MS = 86_400_000

t.test('rolling days are the last n times 24 hours', async (t) => {
  const period = periodAt(sevenDays, context, at)
  t.equal(iso(period.start), '2020-05-13T08:15:30.500Z')
  t.equal(period.end, at)
})

t.test('rolling days last as long across a daylight-saving change', async (t) => {
  const afterChange = instantOf('2020-03-31T10:00:00+02:00')
  t.equal(iso(periodAt(sevenDays, context, afterChange).start), '2020-03-24T08:00:00.000Z')
})

t.test('a receipt leaves a rolling window exactly 7 days after it, to the millisecond', async (t) => {
  const period = periodAt(sevenDays, context, at)
  const sevenDaysAgo = at - 7 * DAY_MS
  t.equal(countsIn(sevenDays, period, sevenDaysAgo + 1000), true, 'a second younger')
  t.equal(countsIn(sevenDays, period, sevenDaysAgo + 1), true, 'a millisecond younger')
  t.equal(countsIn(sevenDays, period, sevenDaysAgo), false, 'exactly 7 days old')
  t.equal(countsIn(sevenDays, period, sevenDaysAgo - 1), false, 'a millisecond older')
})

t.test('a receipt that a skewed clock put five minutes ahead counts in a rolling window', async (t) => {
  t.equal(countsIn(sevenDays, periodAt(sevenDays, context, at), at + 300_000), true)
})

t.test('what is given once counts from validFrom on, with no end but the rule’s own', async (t) => {
  const open = periodAt(once, context, at)
  t.same(open, { start: context.validFrom, end: null })
  t.same(periodAt(once, { ...context, validTo: at + 1 }, at), { start: context.validFrom, end: at + 1 })
  t.equal(countsIn(once, open, context.validFrom), true)
  t.equal(countsIn(once, open, context.validFrom - 1), false)
  t.equal(countsIn(once, open, at + 300_000), true)
})

t.test('a receipt leaves its calendar weeks at their end', async (t) => {
  t.equal(leavesAt(weekly, context, at), instantOf('2020-05-25T00:00:00+02:00'))
  // Pairs of weeks from that of 2 March on: the twelfth ends on 25 May, too.
  t.equal(leavesAt({ kind: 'calendar_weeks', count: 2 }, context, at), instantOf('2020-05-25T00:00:00+02:00'))
})

t.test('a receipt leaves rolling days as many times 24 hours later', async (t) => {
  t.equal(leavesAt(sevenDays, context, at), at + 7 * DAY_MS)
})

t.test('what is given once never comes back', async (t) => {
  t.equal(leavesAt(once, { ...context, validTo: at + DAY_MS }, at), null)
})
