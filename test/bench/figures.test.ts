import t from 'tap'
import { rateOf, WARM_UP_SECONDS } from './bare/pgbench.ts'
import { plainReport } from './case.ts'
import { median, percentile } from './measure.ts'
import { comparisonOf, resultsOf, tableOf } from './table.ts'

t.test('a percentile is the value below which that share lies', async (t) => {
  const values = [5, 1, 4, 2, 3, 6, 7, 8, 9, 10]
  t.equal(percentile(values, 0.9), 10)
  t.equal(percentile(values, 0.99), 10)
  t.equal(percentile(values, 0), 1)
  t.equal(median([3, 1, 2]), 2)
  t.ok(Number.isNaN(median([])))
})

const seconds = (...rates: number[]) =>
  rates.map((tps, n) => `progress: ${n + 1}.0 s, ${tps} tps, lat 1.0 ms stddev 0.1, 0 failed\n`).join('')

const cold = Array.from({ length: WARM_UP_SECONDS }, () => 10)

t.test('the first seconds of pgbench do not count', async (t) => {
  t.equal(rateOf(`number of failed transactions: 0 (0.000%)\n${seconds(...cold, 100, 120)}`), 110)
})

t.test('transactions that failed, or none at all, are no rate', async (t) => {
  t.throws(
    () => rateOf(`number of failed transactions: 3 (0.1%)\n${seconds(...cold, 100, 120)}`),
    /did not do what it should/,
  )
  t.throws(() => rateOf(seconds(...cold)), /did not do what it should/)
})

const report = plainReport('nearest_50', { requestsPerSecond: 1234.5, ratio: 0.51, p50Ms: 2, notes: ['a note'] })

t.test('the table has a dash for each figure that there is not, and the notes below', async (t) => {
  const [head, row, note] = tableOf([report]).split('\n')
  t.match(head, /^case +req\/s +bare\/s +ratio/)
  t.match(row, /^nearest_50 +1235 +– +0\.51 +2\.00 +–/)
  t.equal(head?.length, row?.length)
  t.equal(note, 'a note')
})

t.test('the file holds the agreed members alone', async (t) => {
  t.same(Object.keys(resultsOf([report]).cases[0] ?? {}), [
    'case',
    'requestsPerSecond',
    'bareRequestsPerSecond',
    'ratio',
    'p50Ms',
    'p99Ms',
    'errors',
    'roundTrips',
  ])
})

t.test('a comparison tells what became of the cases that both have', async (t) => {
  const before = resultsOf([
    plainReport('nearest_50', { requestsPerSecond: 1000, ratio: 0.4, p50Ms: 4, roundTrips: 2 }),
    plainReport('gone', {}),
  ])
  t.same(comparisonOf(before, resultsOf([report, plainReport('new', {})])), [
    'nearest_50: req/s +23 %, ratio 0.40 → 0.51, p50 −50 %, p99 –, trips 2 → –',
  ])
})
