import t from 'tap'
import { judgeConformance } from '../../../src/http/conformance.ts'
import type { Exchange } from '../../../src/http/exchanges.ts'

const handOver: Exchange = {
  request: 'first',
  method: 'POST',
  route: '/v1/dispensations',
  bearer: 'till',
  key: 'a-key',
  content: 'four surgical masks',
  namesOperator: true,
  status: 201,
  retryAfter: undefined,
  isLost: false,
  arrived: 0,
  answered: 10,
}
const second = { request: 'second', arrived: 5_000, answered: 5_010 }

/** Each rule, what keeps it, and what breaks it: what two exchanges have otherwise than a good hand-over. */
const CASES: [rule: string, keeps: Partial<Exchange>[], breaks: Partial<Exchange>[], culprit: string][] = [
  ['every_write_has_a_key', [{}], [{ key: undefined }], 'first'],
  ['one_key_for_one_request', [{}, second], [{}, { ...second, content: 'five' }], 'second'],
  [
    'what_was_not_answered_is_sent_again',
    [{ isLost: true }, second],
    [{ isLost: true }, { ...second, key: 'another' }],
    'first',
  ],
  [
    'waits_as_long_as_told',
    [{ status: 503, retryAfter: 4 }, second],
    [{ status: 503, retryAfter: 6 }, second],
    'first',
  ],
  [
    'a_refused_token_is_renewed',
    [{ status: 401 }, { ...second, bearer: 'renewed' }],
    [{ status: 401 }, second],
    'first',
  ],
  [
    'one_hand_over_has_one_key',
    [{}, { ...second, key: 'another', arrived: 120_001 }],
    [{}, { ...second, key: 'another' }],
    'second',
  ],
  ['names_the_operator', [{}], [{ namesOperator: false }], 'first'],
]

for (const [rule, keeps, breaks, culprit] of CASES) {
  t.test(`${rule}: who keeps it is told so, and who breaks it which request did`, async (t) => {
    const judged = (parts: Partial<Exchange>[]) =>
      judgeConformance(parts.map((part) => ({ ...handOver, ...part }))).find((finding) => finding.rule === rule)
    t.match(judged(keeps), { outcome: 'kept', broken: [] })
    t.match(judged(breaks), { outcome: 'broken', broken: [culprit] })
    t.match(judged([]), { outcome: 'not_seen' })
  })
}

t.test('another request that was refused before it was read is no repetition', async (t) => {
  const told = { ...handOver, status: 429, retryAfter: 60, content: undefined }
  const findings = judgeConformance([told, { ...told, ...second, key: 'another', content: undefined }])
  t.match(
    findings.find(({ rule }) => rule === 'waits_as_long_as_told'),
    { outcome: 'kept' },
  )
})

t.test('there is a case for each rule', async (t) => {
  t.same(
    judgeConformance([]).map(({ rule }) => rule),
    CASES.map(([rule]) => rule),
  )
})
