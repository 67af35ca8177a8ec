import t from 'tap'
import { complain } from '../../src/http/complaints.ts'
import { Problem } from '../../src/http/problem.ts'
import { attacking } from '../support/attack.ts'
import { overheardLogger } from '../support/leaks.ts'
import { letPass } from '../support/monotonic.ts'
import { range } from '../support/tally.ts'

t.test('a storm of 503 is a line a second that says how many went before it; another fault is a line each', (t) => {
  const lines: string[] = []
  const log = overheardLogger(lines)
  const shed = new Problem('unavailable', { en: 'Too many.', fr: 'Trop.' })
  const logged = () => lines.splice(0).map((line) => JSON.parse(line))
  letPass(t, 1_000)
  for (const _ of range(attacking(500))) complain(log, shed, shed)
  const [first, ...others] = logged()
  t.match(first, { code: 'unavailable', reason: 'Too many.', err: undefined })
  t.strictSame(others, [])
  letPass(t, 1_000)
  complain(log, new Error('gone'), shed)
  t.match(logged(), [{ code: 'unavailable', passedOver: attacking(500) - 1, err: { message: 'gone' } }])
  const fault = new Problem('internal', { en: 'Oops.', fr: 'Aïe.' })
  for (const _ of range(2)) complain(log, new Error('oops'), fault)
  t.equal(logged().length, 2)
  complain(
    log,
    new Error('no fault of ours'),
    new Problem('not_found', { en: 'There is none.', fr: 'Il n’y en a pas.' }),
  )
  t.strictSame(logged(), [])
  t.end()
})
