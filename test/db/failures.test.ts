import { readFile } from 'node:fs/promises'
import t from 'tap'
import { constraintRejection, isUnavailable, sqlState } from '../../src/db/failures.ts'

const failure = (code: string, message = 'it failed') =>
  new Error('around it', { cause: Object.assign(new Error(message), { code }) })

t.test('a lost connection is not taken for an answer of PostgreSQL', async (t) => {
  // Five capitals, as PostgreSQL's codes are: taken for one, it would say that nothing was committed.
  const lost = failure('EPIPE', 'write EPIPE')
  t.equal(sqlState(lost), undefined)
  t.equal(isUnavailable(lost), true)
  for (const code of ['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND']) t.equal(isUnavailable(failure(code)), true, code)
  t.equal(isUnavailable(new Error('Connection terminated unexpectedly')), true)
})

t.test('of PostgreSQL’s own failures only some mean that the database cannot serve', async (t) => {
  for (const code of ['57P01', '53300', '53100', '25006', '08006', 'XX000', '23505', '42501']) {
    t.equal(sqlState(failure(code)), code)
    t.equal(isUnavailable(failure(code)), /^(57P|53|25006|08)/.test(code), code)
  }
})

t.test('a constraint that a request can violate says what it means, and any other nothing', async (t) => {
  const schema = await readFile(new URL('schema.txt', import.meta.url), 'utf8')
  const violated = (constraint: string) =>
    constraintRejection(new Error('around it', { cause: Object.assign(new Error('violated'), { constraint }) }))
  for (const [constraint, code, detail] of [
    ['stock_on_hand_range', 'stock_insufficient', 'The stock on hand would leave the range 0 to 1,000,000,000.'],
    ['stock_held_within_on_hand', 'stock_insufficient', 'More would be promised than is on hand.'],
    ['ledger_lines_within_cap', 'entitlement_exceeded', 'The quantity is above what the rule in force leaves.'],
    ['product_packs_pkey', 'invalid_request', 'packs: a GTIN belongs to another product already'],
  ] as const) {
    t.match(violated(constraint), { code, message: detail }, constraint)
    t.match(schema, `constraint ${constraint} `, 'there is one of this name')
  }
  t.equal(violated('persons_pkey'), undefined)
})
