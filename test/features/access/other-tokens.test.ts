import { createServer } from 'node:http'
import t from 'tap'
import { openProvider } from '../../../src/http/issuers/provider.ts'
import { listenForGood } from '../../support/lasting-port.ts'
import { logIn } from '../../support/log-in.ts'
import { rpps } from '../../support/numbers.ts'
import { claimsFor, settingsOf, startWithIssuers } from '../../support/people.ts'
import { startProvider } from '../../support/provider.ts'

const PAGE = Buffer.alloc(64 * 1024, ' ')
const MANY_BYTES = 32 * 1024 * 1024

const [usual, strict, mapped] = [await startProvider(t), await startProvider(t), await startProvider(t)]
for (const { people } of [usual, strict, mapped]) {
  people.set('f:1:nurse', { ...claimsFor(rpps(1)), rpps: rpps(1), profession: '60' })
}
const profile = { identifier: 'rpps', profession: 'profession' }
const accessToken = { claim: 'token_use', value: 'access' }
const { call } = await startWithIssuers(t, [
  settingsOf(usual),
  settingsOf(strict, { clients: ['app', 'other app'] }),
  settingsOf(mapped, { profile, accessToken }),
])
const ask = async (token: string) => (await call('GET', '/v1/entitlements/me', { token })).status

t.test('what an issuer signs for others’ eyes opens nothing here, whomever it is about', async (t) => {
  const signed = (claims: object, typ: string | undefined) => usual.sign('f:1:nurse', claims, { typ })
  t.equal(await ask(await signed({}, 'at+jwt')), 200, 'an access token')
  t.equal(await ask(await signed({}, 'application/at+jwt')), 200, 'by its full name')
  t.equal(await ask(await signed({ typ: 'Bearer' }, 'JWT')), 200, 'as Keycloak marks it')
  t.equal(await ask(await signed({ typ: 'ID', nonce: 'n' }, 'JWT')), 401, 'an ID token')
  t.equal(await ask(await signed({ nonce: 'n', at_hash: 'h' }, 'JWT')), 401, 'an ID token that does not say so')
  t.equal(await ask(await signed({}, undefined)), 401, 'one that does not say at all what it is')
  t.equal(await ask(await signed({ typ: 'Refresh' }, 'JWT')), 401, 'a refresh token')
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  t.equal(await ask(await signed({ events, sid: 's' }, 'logout+jwt')), 401, 'a logout token')
  t.equal(await ask(await signed({ typ: 'Logout', events }, 'JWT')), 401, 'as Keycloak marks it')
  t.equal(await ask(await signed({}, 'secevent+jwt')), 401, 'a security event')
})

t.test('an issuer may mark access tokens by a claim of its own', async (t) => {
  const signed = (claims: object, typ = 'JWT') => mapped.sign('f:1:nurse', claims, { typ })
  t.equal(await ask(await signed({ token_use: 'access' })), 200)
  t.equal(await ask(await signed({ token_use: 'id' })), 401)
  t.equal(await ask(await signed({ typ: 'Bearer' })), 401)
  t.equal(await ask(await signed({}, 'at+jwt')), 200, 'RFC 9068 is understood all the same')
})

t.test('where clients are named, nobody else’s tokens are taken', async (t) => {
  const signed = (claims: object) => strict.sign('f:1:nurse', claims)
  t.equal(await ask(await logIn(strict, 'f:1:nurse')), 200, 'a real log-in by the client app')
  t.equal(await ask(await signed({ azp: 'app' })), 200)
  t.equal(await ask(await signed({ azp: 'app', client_id: 'other app' })), 200)
  t.equal(await ask(await signed({ azp: 'stranger' })), 401)
  t.equal(await ask(await signed({ azp: 'stranger', client_id: 'app' })), 401)
  t.equal(await ask(await signed({ azp: ['app'] })), 401)
  t.equal(await ask(await signed({})), 401, 'nor those of nobody')
})

t.test('a provider that goes on answering is not listened to', async (t) => {
  let sent = 0
  let cut = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/.well-known')) {
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks`, userinfo_endpoint: `${issuer}/me` }))
      return
    }
    sent = 0
    response.on('close', () => cut.resolve())
    const send = () => {
      while (sent < MANY_BYTES && !response.destroyed && response.write(PAGE)) sent += PAGE.length
      sent += PAGE.length
    }
    response.on('drain', send)
    send()
  })
  t.teardown(() => server.close())
  const issuer = `http://127.0.0.1:${await listenForGood(server)}`
  const provider = openProvider({ issuer })
  for (const question of [() => provider.keys(), () => provider.userinfo('token')] as (() => Promise<unknown>)[]) {
    cut = Promise.withResolvers()
    await t.rejects(question())
    await cut.promise
    t.ok(sent < MANY_BYTES, `it is cut after ${sent} bytes`)
  }
})
