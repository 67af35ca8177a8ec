import t from 'tap'
import { StatementFailed } from '../../../src/db/query.ts'
import { problemOf } from '../../../src/http/errors.ts'
import { orAskForLess } from '../../../src/http/too-heavy.ts'

const how = { en: 'name a `territory`', fr: 'nommez un `territory`' }
const failing = (code: string) => async () => {
  throw new StatementFailed('the statement x failed', { cause: Object.assign(new Error('refused'), { code }) })
}

t.test('503: what took too long says how to ask for less, and the log keeps why', async (t) => {
  const error = await orAskForLess(failing('57014'), how).catch((thrown) => thrown)
  t.match(problemOf(error), { status: 503, code: 'unavailable', message: /Ask for less: name a `territory`\.$/ })
  t.match(error.cause, { message: 'the statement x failed' })
})

t.test('any other failure is passed on, and so is what was found', async (t) => {
  await t.rejects(orAskForLess(failing('23505'), how), { message: 'the statement x failed' })
  t.equal(await orAskForLess(async () => 7, how), 7)
})
