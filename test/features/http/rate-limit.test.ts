import t from 'tap'
import { letPass } from '../../support/monotonic.ts'
import { rpps } from '../../support/numbers.ts'
import { callers, routesOf } from '../../support/routes.ts'
import { startService } from '../../support/service.ts'
import { setClockWrong } from '../../support/wall-clock.ts'

const service = await startService(t, { RATE_LIMIT: 2 })
const { call } = service
const limited = { status: 429, body: { code: 'rate_limited' }, headers: { 'retry-after': /^[1-9]\d*$/ } }

const admin = (subject: string) => service.token({ role: 'admin', subject })
const ask = (token: string) => call('GET', '/v1/allocation-rules', { token })

t.test('429: more than so many a minute, with Retry-After, whatever token the caller has', async (t) => {
  const token = await admin('one')
  t.equal((await ask(token)).status, 200)
  t.equal((await ask(token)).status, 200)
  const refused = await ask(token)
  t.match(refused, limited)
  t.ok(Number(refused.headers['retry-after']) <= 60)
  const renewed = await service.token({ role: 'admin', subject: 'one', ttlSeconds: 7200 })
  t.match(await ask(renewed), limited, 'a new token is the same caller')
})

t.test('a minute is one, whatever becomes of the program’s clock', async (t) => {
  const token = await admin('patient')
  for (const _ of [1, 2]) await ask(token)
  for (const days of [8, -8]) {
    await t.test(`set by ${days} days`, async (t) => {
      setClockWrong(t, days * 86_400_000)
      t.match(await ask(token), limited)
    })
  }
  setClockWrong(t, -8 * 86_400_000)
  letPass(t, 61_000)
  t.equal((await ask(token)).status, 200)
})

t.test('200: each caller has a limit of its own, and so has the same subject in another role', async (t) => {
  const token = await admin('two')
  for (const _ of [1, 2]) await ask(token)
  t.match(await ask(token), limited)
  t.equal((await ask(await admin('three'))).status, 200)
  const regulator = await service.token({ role: 'regulator', subject: 'two', territories: ['FR'] })
  t.equal((await ask(regulator)).status, 200)
})

t.test('429: every route that works', async (t) => {
  for (const [index, route] of routesOf(service.app).entries()) {
    const [role] = route.roles
    const caller = role && callers[role]
    const subject = role === 'professional' ? rpps(1_000 + index) : `route-${index}`
    const token = caller && (await service.token({ ...caller, subject }))
    const send = () => call(route.method, route.path, { token, body: route.body, key: true })
    for (const _ of [1, 2]) await send()
    t.match(await send(), limited, route.name)
  }
})

t.test('429: who has no token is limited by address, on the documentation and the keys as well', async (t) => {
  for (const _ of [1, 2]) await call('GET', '/v1/products')
  for (const path of ['/v1/products', '/openapi.json', '/openapi.yaml', '/.well-known/jwks.json']) {
    for (const _ of [1, 2]) await call('GET', path)
    t.match(await call('GET', path), limited, path)
  }
})

t.test('200: those who watch the service are never limited', async (t) => {
  for (const path of ['/healthz', '/readyz']) {
    for (const _ of [1, 2, 3, 4]) t.equal((await call('GET', path)).status, 200, path)
  }
})
