import { decodeJwt } from 'jose'
import t from 'tap'
import { ACCESS_TOKEN, APP, byIntrospection, exchangeToken, makeApp } from '../../support/apps.ts'
import { askToken, basic, makeClient, tokenOf } from '../../support/clients.ts'
import { logIn } from '../../support/log-in.ts'
import { rpps } from '../../support/numbers.ts'
import { claimsFor, settingsOf, startWithIssuers } from '../../support/people.ts'
import { INTROSPECTING, startProvider } from '../../support/provider.ts'
import { tablesNaming } from '../../support/traces.ts'
import { makeWorld, must } from '../../support/world.ts'

const provider = await startProvider(t)
const issuers = [settingsOf(provider, { ...(await byIntrospection(t)), acrValues: ['eidas1'], enrol: false })]
const service = await startWithIssuers(t, issuers, { PUBLIC_URL: 'https://masks.test' })
const { call, db } = service
const world = await makeWorld(service)
const [place, nurse] = [await world.pharmacy(1), await world.professional(1)]
must(201, await world.count(place, 100))
const app = await makeApp(service, world.admin, provider)

provider.people.set('f:1:nurse', claimsFor(nurse.id))
provider.tokens = 'opaque'
const seen: string[] = []
const logInAs = async (subject: string, client?: string) => {
  const token = await logIn(provider, subject, client)
  seen.push(token)
  return token
}
const exchange = (token: string, form?: Record<string, string>) => exchangeToken(service, app, token, form)
const exchanged = async (form?: Record<string, string>): Promise<string> =>
  must(200, await exchange(await logInAs('f:1:nurse'), form)).body.access_token
const change = (id: string, more: object) => {
  const body = { name: 'A', scopes: APP, status: 'active', exchange: { issuer: provider.issuer, clients: ['app'] } }
  return call('PUT', `/v1/clients/${id}`, { token: world.admin, body: { ...body, ...more } })
}
const refused = { status: 400, body: { error: 'invalid_request', error_description: /^The subject_token is not, or/ } }

t.test('an app exchanges a token that only its issuer can read, and acts for its professional', async (t) => {
  const answer = await exchange(await logInAs('f:1:nurse'))
  t.match(answer, {
    status: 200,
    body: { issued_token_type: ACCESS_TOKEN, token_type: 'Bearer', scope: APP.join(' ') },
    headers: { 'cache-control': 'no-store' },
  })
  const token = answer.body.access_token
  const { iat = 0, exp = 0, ...claims } = decodeJwt(token)
  t.match(claims, { iss: 'https://masks.test', sub: nurse.id, role: 'professional', act: { sub: app.id } })
  t.ok(answer.body.expires_in <= 600 && exp <= iat + 600, 'no longer than the provider’s, which lives 600 s of our 900')
  const reserved = await world.reserve(token, { quantity: 2, pharmacy: place.finess })
  t.match(reserved, { status: 201, body: { status: 'held' } })
  const { items } = (await call('GET', '/v1/reservations', { token: nurse.token })).body
  t.match(items, [{ id: reserved.body.id }], 'it is the person’s own')
  t.match((await call('GET', '/v1/me', { token })).body, {
    role: 'professional',
    subject: nurse.id,
    scopes: APP,
    client: { id: app.id, name: 'Une application' },
    professional: { id: nurse.id },
  })
  const asked = provider.asked['/token/introspection']
  must(200, await call('GET', '/v1/reservations', { token }))
  t.equal(provider.asked['/token/introspection'], asked, 'whose use asks the issuer nothing')
})

t.test('the token has no scope that its client lacks, and fewer where asked', async (t) => {
  const entitlements = async (token: string) => (await call('GET', '/v1/entitlements/me', { token })).body
  t.match(await entitlements(await exchanged()), { code: 'forbidden', scope: 'dispensations:read' })
  const narrow = await exchanged({ scope: 'reservations:read dispensations:read' })
  t.equal((await call('GET', '/v1/reservations', { token: narrow })).status, 200)
  t.match(await world.reserve(narrow, { quantity: 1, pharmacy: place.finess }), { status: 403 })
  t.match(await exchange('x', { scope: 'clients:write' }), { status: 400, body: { error: 'invalid_scope' } })
})

t.test('a token that was given to another app, or revoked, is not exchanged', async (t) => {
  t.match(await exchange(await logInAs('f:1:nurse', 'other app')), refused, 'whatever else is right with it')
  const other = await makeApp(service, world.admin, provider, {
    exchange: { issuer: provider.issuer, clients: ['another', 'other app'] },
  })
  const token = await logInAs('f:1:nurse', 'other app')
  must(200, await exchangeToken(service, other, token))
  const revocation = new URLSearchParams({ token, client_id: 'other app' })
  await fetch(`${provider.issuer}/token/revocation`, { method: 'POST', body: revocation })
  t.match(await exchangeToken(service, other, token), refused, 'nothing is kept of what the issuer said before')
  t.match(await exchange('made-up'), refused)
})

t.test('whoever could not log in directly gets no token by an app either', async (t) => {
  provider.people.set('f:1:stranger', claimsFor(rpps(7)))
  provider.people.set('f:1:weak', claimsFor(nurse.id, { acr: 'eidas0' }))
  const suspended = await world.professional(2, { status: 'suspended' })
  provider.people.set('f:1:suspended', claimsFor(suspended.id))
  const answer = async (subject: string) => exchange(await logInAs(subject))
  t.match(await answer('f:1:stranger'), { status: 400, body: { error_description: /^The directory does not know/ } })
  t.match(await answer('f:1:suspended'), { status: 400, body: { error: 'invalid_request' } })
  t.match(await answer('f:1:weak'), refused)
  const both = await world.professional(3)
  provider.people.set('f:1:both', claimsFor(nurse.id, { otherIds: [{ identifiant: both.id }] }))
  t.equal((await answer('f:1:both')).status, 200)
  const doubts = await call('GET', '/v1/identity-doubts', { token: world.admin })
  t.match(doubts.body.items, [{ issuer: provider.issuer }], 'and doubts are kept as at a log-in')
})

t.test('what ends for the client, or the person, ends for the tokens that it has', async (t) => {
  const own = await makeApp(service, world.admin, provider)
  const get = async () => must(200, await exchangeToken(service, own, await logInAs('f:1:nurse'))).body.access_token
  const token = await get()
  const read = async (bearer = token) => (await call('GET', '/v1/reservations', { token: bearer })).body.code
  t.equal(await read(), undefined)
  must(200, await change(own.id, { status: 'suspended' }))
  t.equal(await read(), 'forbidden')
  must(200, await change(own.id, { status: 'active' }))
  t.equal(await read(), undefined)
  must(200, await call('POST', `/v1/clients/${own.id}/token-revocation`, { token: world.admin }))
  t.equal(await read(), 'unauthenticated')
  const later = await get()
  t.equal(await read(later), undefined)
  const person = { profession: '60', familyName: 'M', givenName: 'C', otherIds: [] }
  const suspend = (status: string) =>
    call('PUT', `/v1/professionals/${nurse.id}`, { token: world.admin, body: { ...person, status } })
  must(200, await suspend('suspended'))
  t.equal(await read(later), 'professional_suspended')
  must(200, await suspend('active'))
  must(200, await change(own.id, { status: 'revoked' }))
  t.equal(await read(later), 'unauthenticated')
})

t.test('an app exchanges and does nothing else; no other client exchanges', async (t) => {
  const unauthorized = { status: 400, body: { error: 'unauthorized_client' } }
  t.match(await askToken(service, basic(app)), unauthorized)
  const till = await makeClient(service, world.admin)
  t.match(await exchangeToken(service, till, await logInAs('f:1:nurse')), unauthorized)
  const elsewhere = await makeApp(service, world.admin, { issuer: 'https://auth.example.org' })
  t.match(await exchangeToken(service, elsewhere, 'x'), unauthorized, 'its issuer is none of this service’s')
  const grant = `/v1/pharmacies/${place.finess}/grants/${app.id}`
  t.match(await call('PUT', grant, { token: place.token }), { status: 400 }, 'it acts for no pharmacy')
  const issuer = provider.issuer
  const post = (more: object) =>
    call('POST', '/v1/clients', { token: world.admin, body: { name: 'A', role: 'professional', scopes: APP, ...more } })
  for (const wrong of [
    {},
    { exchange: null },
    { exchange: { issuer, clients: [] } },
    { exchange: { issuer, clients: ['app', 'app'] } },
    { exchange: { clients: ['app'] } },
    { role: 'pharmacy', exchange: { issuer, clients: ['app'] } },
  ]) {
    t.match(await post(wrong), { status: 400, body: { errors: [{ path: /^exchange/ }] } }, JSON.stringify(wrong))
  }
  t.match(await change(app.id, { exchange: undefined }), { status: 400, body: { errors: [{ path: 'exchange' }] } })
  const shown = (await call('GET', `/v1/clients/${app.id}`, { token: world.admin })).body
  t.same(shown.exchange, { issuer, clients: ['app'] })
  t.equal((await call('PUT', `/v1/clients/${app.id}`, { token: world.admin, body: shown })).status, 200)
})

t.test('400: what RFC 8693 has and this service does not, and what is missing', async (t) => {
  const asked = provider.asked['/token/introspection']
  const jwt = 'urn:ietf:params:oauth:token-type:jwt'
  for (const [error, form] of [
    ['invalid_request', { subject_token: '' }],
    ['invalid_request', { subject_token: 'a token\r\nx: y' }],
    ['invalid_request', { subject_token_type: '' }],
    ['invalid_request', { subject_token_type: jwt }],
    ['invalid_request', { requested_token_type: jwt }],
    ['invalid_request', { actor_token: 'x', actor_token_type: ACCESS_TOKEN }],
    ['invalid_target', { audience: 'another' }],
    ['invalid_target', { resource: 'https://another.example' }],
    ['invalid_target', { resource: `urn:gomask:pharmacy:${place.finess}` }],
  ] as const) {
    t.match(await exchange('x', form), { status: 400, body: { error } }, JSON.stringify(form))
  }
  t.equal(provider.asked['/token/introspection'], asked, 'no token is shown to its issuer for nothing')
  const right = { requested_token_type: ACCESS_TOKEN, audience: 'gomask', resource: 'https://masks.test' }
  t.equal((await exchange(await logInAs('f:1:nurse'), right)).status, 200)
})

t.test('503 with Retry-After while the issuer does not answer', async (t) => {
  const token = await logInAs('f:1:nurse')
  await provider.stop()
  const unavailable = { status: 503, body: { error: 'temporarily_unavailable' }, headers: { 'retry-after': '2' } }
  t.match(await exchange(token), unavailable)
  await provider.start()
  t.equal((await exchange(token)).status, 200)
})

t.test('no subject token, and no secret of ours at the issuer, is in a table or in the log', async (t) => {
  t.same(await tablesNaming(db, seen), [])
  const logged = service.logged.join('')
  t.match(logged, /"token exchanged"/)
  t.match(logged, /"reason":"token of another app"/)
  for (const text of [...seen, INTROSPECTING.clientSecret]) t.notOk(logged.includes(text))
  t.notMatch(logged, await tokenOf(service, await makeClient(service, world.admin)))
})
