import t from 'tap'
import { isUnavailable, sqlState } from '../../src/db/failures.ts'

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
