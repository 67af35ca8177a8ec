import { createLocalJWKSet } from 'jose'
import t from 'tap'
import { KEY_TIMING, keepKeys } from '../../../src/http/issuers/remote-keys.ts'
import { logIn } from '../../support/log-in.ts'
import { rpps } from '../../support/numbers.ts'
import { claimsFor, settingsOf, startWithIssuers } from '../../support/people.ts'
import { startProvider } from '../../support/provider.ts'
import { makeKey } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { until } from '../../support/until.ts'

const unavailable = { status: 503, body: { code: 'unavailable' }, headers: { 'retry-after': '2' } }
const refused = { status: 401, body: { code: 'unauthenticated' } }

/** A provider a test, and one service that accepts them all. */
const [rotating, sudden, down, ageing, late, busy, hanging] = await Promise.all([
  startProvider(t),
  startProvider(t),
  startProvider(t),
  startProvider(t),
  startProvider(t),
  startProvider(t),
  startProvider(t),
])
const providers = [rotating, sudden, down, ageing, late, busy, hanging]
for (const { people } of providers) people.set('f:1:nurse', claimsFor(rpps(1)))
const always = { renewMs: 0, freshMs: 0, cooldownMs: 0 }
const alias = busy.issuer.replace('127.0.0.1', 'localhost')
const { call } = await startWithIssuers(t, [
  { ...settingsOf(rotating), timing: always },
  { ...settingsOf(sudden), timing: { cooldownMs: 0 } },
  { ...settingsOf(down), timing: { cooldownMs: 0 } },
  { ...settingsOf(ageing), timing: { ...always, keptMs: 2_000, cooldownMs: 50 } },
  { ...settingsOf(late), timing: { cooldownMs: 0 } },
  { ...settingsOf(busy), timing: { cooldownMs: 3_600_000 } },
  settingsOf(busy, { issuer: alias }),
  { ...settingsOf(hanging), timing: always },
])
const ask = (token: string) => call('GET', '/v1/entitlements/me', { token })
const isAnswered = async (token: string, status = 200) => (await ask(token)).status === status

t.test(
  'the provider takes another key: its tokens are accepted without a restart, the old key’s no more',
  async (t) => {
    const old = await logIn(rotating, 'f:1:nurse')
    t.equal((await ask(old)).status, 200)
    await rotating.rotate()
    t.equal((await ask(await logIn(rotating, 'f:1:nurse'))).status, 200)
    t.match(await ask(old), refused, 'though this very token was verified before')
  },
)

t.test('a new key is found at once, however fresh the keys that are kept', async (t) => {
  t.equal((await ask(await sudden.sign('f:1:nurse'))).status, 200)
  await sudden.rotate()
  t.equal((await ask(await logIn(sudden, 'f:1:nurse'))).status, 200)
})

t.test('the provider is down: kept keys serve, others are 503 and never open', async (t) => {
  const token = await logIn(down, 'f:1:nurse')
  t.equal((await ask(token)).status, 200)
  await down.rotate()
  const [fresh, forged] = [await down.sign('f:1:nurse'), await down.sign('f:1:nurse', {}, { kid: 'made-up' })]
  await down.stop()
  for (const _ of range(3)) {
    t.equal((await ask(token)).status, 200, 'a kept key')
    t.match(await ask(fresh), unavailable, 'a good token must not be sent away for good')
    t.match(await ask(forged), unavailable)
    t.match(await ask(token.slice(0, -4)), refused, 'a kept key tells a bad signature')
  }
  await down.start()
  await until('the new key was not found', () => isAnswered(fresh))
  t.match(await ask(forged), refused)
})

t.test('kept keys serve for their time only; then 503 until the provider is back', async (t) => {
  const token = await logIn(ageing, 'f:1:nurse')
  t.equal((await ask(token)).status, 200)
  await ageing.stop()
  await until('the kept keys went on serving', () => isAnswered(token, 503))
  t.match(await ask(token), unavailable)
  await ageing.start()
  await until('the keys were not fetched again', () => isAnswered(token))
})

t.test('a provider that is not there yet is 503, and is found once it is', async (t) => {
  const token = await late.sign('f:1:nurse')
  await late.stop()
  t.match(await ask(token), unavailable)
  t.match(await ask(token), unavailable)
  await late.start()
  await until('the provider was not found', () => isAnswered(token))
})

t.test('tokens of made-up keys cannot make us hammer the provider', async (t) => {
  t.equal((await ask(await busy.sign('f:1:nurse'))).status, 200)
  const before = busy.asked['/jwks']
  for (const n of range(60)) {
    t.match(await ask(await busy.sign('f:1:nurse', {}, { kid: `made-up-${n}` })), refused)
  }
  t.equal(busy.asked['/jwks'], before, 'not once more in its time')
})

t.test('the metadata of a provider are believed about itself alone', async (t) => {
  t.match(await ask(await busy.sign('f:1:nurse', { iss: alias })), unavailable)
})

t.test('a provider that hangs holds up nobody but those who come first', async (t) => {
  const token = await hanging.sign('f:1:nurse')
  t.equal((await ask(token)).status, 200)
  hanging.hangs = true
  for (const _ of range(5)) t.equal((await ask(token)).status, 200)
})

t.test('who comes after a fetch that failed does not wait for the next one', async (t) => {
  const { id: kid, publicJwk } = await makeKey()
  const fetches: PromiseWithResolvers<ReturnType<typeof createLocalJWKSet>>[] = []
  const keyOf = keepKeys(
    () => {
      const fetch = Promise.withResolvers<ReturnType<typeof createLocalJWKSet>>()
      fetches.push(fetch)
      return fetch.promise
    },
    () => {},
    { ...KEY_TIMING, renewMs: -1, freshMs: -1, cooldownMs: 0 },
  )
  const header = { alg: 'ES256', kid }
  const first = keyOf(header)
  fetches[0]?.resolve(createLocalJWKSet({ keys: [publicJwk] }))
  const key = await first
  const waits = keyOf(header)
  fetches[1]?.reject(new Error('away'))
  t.equal(await waits, key, 'whoever came first waited')
  t.equal(await keyOf(header), key)
  t.equal(fetches.length, 3, 'though a fetch is under way that never ends')
})
