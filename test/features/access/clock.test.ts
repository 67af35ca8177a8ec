import t from 'tap'
import { askToken, asserted, assertion, makeClient, makeClientKey, tokenOf } from '../../support/clients.ts'
import { onServerOnly } from '../../support/database.ts'
import { logIn } from '../../support/log-in.ts'
import { rpps } from '../../support/numbers.ts'
import { claimsFor, settingsOf, startWithIssuers } from '../../support/people.ts'
import { startProvider } from '../../support/provider.ts'
import { setClockWrong } from '../../support/wall-clock.ts'
import { makeWorld } from '../../support/world.ts'

const HOUR = 3_600
const DAYS_8_MS = 8 * 24 * HOUR * 1_000
const skip = onServerOnly && 'the embedded database has the program’s clock'

t.test('tokens are issued and judged by the database’s clock, however wrong the program’s', { skip }, async (t) => {
  const provider = await startProvider(t)
  provider.people.set('f:1:nurse', claimsFor(rpps(1)))
  const service = await startWithIssuers(t, [settingsOf(provider)])
  const { admin } = await makeWorld(service)
  const secretive = await makeClient(service, admin)
  const clientKey = await makeClientKey()
  const keyed = await makeClient(service, admin, { jwks: { keys: [clientKey.jwk] } })
  const status = async (token: string) => (await service.call('GET', '/v1/allocation-rules', { token })).status
  const now = Math.floor(Date.now() / 1_000)

  for (const [how, ms] of [
    ['ahead', DAYS_8_MS],
    ['behind', -DAYS_8_MS],
  ] as const) {
    const good = {
      'of the command line': await service.token({ role: 'admin', subject: how }),
      'of a provider': await logIn(provider, 'f:1:nurse'),
      'whose time has just begun': await provider.sign('f:1:nurse', { nbf: now }),
    }
    const bad = {
      'that is over': await provider.sign('f:1:nurse', { exp: now - 1 }),
      'whose time is to come': await provider.sign('f:1:nurse', { nbf: now + HOUR }),
    }
    const proof = await assertion(keyed.id, clientKey)
    await t.test(`8 days ${how}`, async (t) => {
      setClockWrong(t, ms)
      for (const [which, token] of Object.entries(good)) t.equal(await status(token), 200, which)
      for (const [which, token] of Object.entries(bad)) t.equal(await status(token), 401, which)
      const byKey = (await askToken(service, {}, asserted(proof))).body.access_token
      t.equal(
        await status(byKey),
        403,
        'issued a moment ago for an assertion: it is known, though its scopes lack this',
      )
      t.equal(await status(await tokenOf(service, secretive)), 403, 'and for a secret')
    })
  }
})
