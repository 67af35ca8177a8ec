import t from 'tap'
import { type Instant, NAMEABLE } from '../../src/domain/instant.ts'
import { countsIn, leavesAt, periodAt, type RuleWindow, type WindowContext } from '../../src/domain/periods.ts'
import { fc } from '../support/seed.ts'

const instants = fc.integer({ min: NAMEABLE.first, max: NAMEABLE.last })

// Every time zone of the French territories, and others with both kinds of change or none.
const timeZones = fc.constantFrom(
  'Europe/Paris',
  'America/Guadeloupe',
  'America/Martinique',
  'America/Cayenne',
  'America/Miquelon',
  'Indian/Reunion',
  'Indian/Mayotte',
  'America/St_Barthelemy',
  'America/Marigot',
  'Pacific/Wallis',
  'Pacific/Tahiti',
  'Pacific/Noumea',
  'Asia/Seoul',
  'Asia/Taipei',
  'Australia/Sydney',
)

const weeks = fc.record({ kind: fc.constant('calendar_weeks' as const), count: fc.integer({ min: 1, max: 8 }) })
const days = fc.record({ kind: fc.constant('rolling_days' as const), count: fc.integer({ min: 1, max: 60 }) })

const contexts: fc.Arbitrary<WindowContext> = fc.record({
  validFrom: instants,
  validTo: fc.constant(null),
  timeZone: timeZones,
})

function blockAt(window: RuleWindow, context: WindowContext, at: Instant): { start: Instant; end: Instant } {
  const { start, end } = periodAt(window, context, at)
  if (end === null) throw new Error('a block of weeks has an end')
  return { start, end }
}

/** The wall clock as Intl writes it, which shares no code with the periods. */
function clockIn(timeZone: string, at: Instant): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(at)
}

t.test('every instant lies in its own period', async () => {
  fc.assert(
    fc.property(fc.oneof(weeks, days), contexts, instants, (window, context, at) =>
      countsIn(window, periodAt(window, context, at), at),
    ),
    { numRuns: 1000 },
  )
})

t.test('consecutive blocks of weeks meet with neither gap nor overlap', async () => {
  fc.assert(
    fc.property(weeks, contexts, instants, (window, context, at) => {
      const { start, end } = blockAt(window, context, at)
      return blockAt(window, context, end).start === end && blockAt(window, context, start - 1).end === start
    }),
    { numRuns: 1000 },
  )
})

t.test('every instant of a block is given the same block', async () => {
  fc.assert(
    fc.property(weeks, contexts, instants, fc.double({ min: 0, max: 1, noNaN: true }), (window, context, at, share) => {
      const { start, end } = blockAt(window, context, at)
      const another = Math.min(end - 1, start + Math.floor(share * (end - start)))
      return blockAt(window, context, another).start === start
    }),
    { numRuns: 1000 },
  )
})

t.test('blocks begin with the first moment of a Monday by the clocks of the territory', async () => {
  fc.assert(
    fc.property(weeks, contexts, instants, (window, context, at) => {
      const { start } = blockAt(window, context, at)
      const first = clockIn(context.timeZone, start)
      // One Monday of 1974 began at one o'clock in Taipei.
      return /^Mon 0[01]:00:00$/.test(first) && clockIn(context.timeZone, start - 1) === 'Sun 23:59:59'
    }),
    { numRuns: 1000 },
  )
})

t.test('the first block begins in the week of validFrom, whatever its length', async () => {
  fc.assert(
    fc.property(weeks, contexts, (window, context) => {
      const oneWeek = blockAt({ kind: 'calendar_weeks', count: 1 }, context, context.validFrom)
      return blockAt(window, context, context.validFrom).start === oneWeek.start
    }),
  )
})

t.test('a receipt counts until the very instant at which it leaves', async () => {
  fc.assert(
    fc.property(fc.oneof(weeks, days), contexts, instants, (window, context, receipt) => {
      const leaves = leavesAt(window, context, receipt)
      const countsAt = (at: Instant) => countsIn(window, periodAt(window, context, at), receipt)
      return leaves !== null && countsAt(receipt) && countsAt(leaves - 1) && !countsAt(leaves)
    }),
    { numRuns: 1000 },
  )
})
