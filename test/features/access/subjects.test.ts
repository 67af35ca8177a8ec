import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import t from 'tap'
import { byIntrospection, exchangeToken, makeApp } from '../../support/apps.ts'
import { listenForGood } from '../../support/lasting-port.ts'
import { logIn } from '../../support/log-in.ts'
import { rpps } from '../../support/numbers.ts'
import { claimsFor, settingsOf, startWithIssuers } from '../../support/people.ts'
import { INTROSPECTING, startProvider } from '../../support/provider.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'

/** An issuer that says of tokens what a test wants. */
const says = { status: 200, body: '' as string | object }
const heard: { body: string; authorization: string | undefined }[] = []
const server = createServer(async (request, response) => {
  if (request.url !== '/introspect') return void response.writeHead(404).end()
  heard.push({ body: await text(request), authorization: request.headers.authorization })
  response.writeHead(says.status, { 'content-type': 'application/json' })
  response.end(typeof says.body === 'string' ? says.body : JSON.stringify(says.body))
})
const scripted = { issuer: `http://127.0.0.1:${await listenForGood(server)}`, audience: 'unused' }
t.teardown(() => server.close())

const provider = await startProvider(t)
const introspection = await byIntrospection(t, { endpoint: `${scripted.issuer}/introspect` })
const service = await startWithIssuers(t, [
  settingsOf(provider, { exchange: { check: 'userinfo' } }),
  settingsOf(scripted as typeof provider, introspection),
])
const world = await makeWorld(service)
const nurse = await world.professional(1)
provider.people.set('f:1:nurse', claimsFor(nurse.id))
const app = await makeApp(service, world.admin, scripted)
const other = await makeApp(service, world.admin, provider, { tokenSeconds: 3600 })

const soon = () => Math.floor(Date.now() / 1000) + 500
const right = () => ({
  active: true,
  client_id: 'app',
  sub: 'f:1:nurse',
  token_type: 'Bearer',
  exp: soon(),
  ...claimsFor(nurse.id),
})
const ask = async (body: string | object, status = 200, token = 'a-token') => {
  Object.assign(says, { status, body })
  const answer = await exchangeToken(service, app, token)
  return answer.status === 200 ? 200 : `${answer.status} ${answer.body.error}`
}

t.test('what introspection says decides: whose token it is, which app’s, which kind, and until when', async (t) => {
  t.equal(await ask(right()), 200)
  const pair = Object.values(INTROSPECTING).map(encodeURIComponent).join(':')
  t.same(heard, [
    {
      body: 'token=a-token&token_type_hint=access_token',
      authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
    },
  ])
  for (const more of [
    { azp: 'app' },
    { client_id: undefined, azp: 'app' },
    { client_id: undefined, aud: 'app' },
    { aud: ['elsewhere'] },
    { iss: scripted.issuer },
    { token_type: undefined, typ: 'Bearer' },
    { token_type: 'bearer', cnf: { 'x5t#S256': 'x' } },
  ]) {
    t.equal(await ask({ ...right(), ...more }), 200, JSON.stringify(more))
  }
  for (const more of [
    { active: false },
    { client_id: 'stranger' },
    { azp: 'stranger' },
    { client_id: ['app'] },
    { client_id: undefined },
    { client_id: undefined, aud: ['app', 'stranger'] },
    { client_id: undefined, aud: 'stranger' },
    { exp: undefined },
    { exp: soon() - 560 },
    { exp: String(soon()) },
    { iss: 'https://another.example' },
    { token_type: undefined },
    { token_type: 'DPoP' },
    { typ: 'Refresh' },
    { acr: 'eidas0' },
    { SubjectNameID: 'nobody' },
  ]) {
    t.equal(await ask({ ...right(), ...more }), '400 invalid_request', JSON.stringify(more))
  }
})

t.test('503: an issuer that refuses us, or says what is no answer, has not said that a token is wrong', async (t) => {
  const unavailable = '503 temporarily_unavailable'
  for (const [body, status] of [
    [right(), 401],
    [right(), 500],
    ['', 200],
    ['<html>', 200],
    [[], 200],
    [{ ...right(), active: 'true' }, 200],
    [{ ...right(), active: undefined }, 200],
    [JSON.stringify({ ...right(), more: 'x'.repeat(300_000) }), 200],
  ] as const) {
    t.equal(await ask(body as object, status), unavailable, `${status} ${JSON.stringify(body).slice(0, 40)}`)
  }
  t.equal(await ask({ ...right(), SubjectRefPro: undefined }), unavailable, 'nor where userinfo, which it lacks, would')
})

t.test('no token is shown to an issuer that has not issued it', async (t) => {
  const asked = heard.length
  t.equal(await ask(right(), 200, await provider.sign('f:1:nurse')), '400 invalid_request')
  t.equal(heard.length, asked)
})

t.test('only whose token is exchanged may be put into the directory by it', async (t) => {
  const someone = { ...right(), ...claimsFor(rpps(9)) }
  const body = { profession: '60', familyName: 'M', givenName: 'C', otherIds: [], status: 'active' }
  for (const more of [{ exp: soon() - 560 }, { client_id: 'stranger' }]) await ask({ ...someone, ...more })
  const put = (number: string) => service.call('PUT', `/v1/professionals/${number}`, { token: world.admin, body })
  t.equal((await put(rpps(9))).status, 201, 'nobody was')
  t.equal(await ask({ ...right(), ...claimsFor(rpps(10)) }), 200)
  t.equal((await put(rpps(10))).status, 200)
})

t.test('where userinfo alone is asked, the token must be signed, and say itself which app’s it is', async (t) => {
  const exchange = async (token: string) => {
    const { status, body } = await exchangeToken(service, other, token)
    return { status, body }
  }
  const token = await logIn(provider, 'f:1:nurse')
  const before = provider.asked['/me']
  const { access_token: issued } = must(200, await exchangeToken(service, other, token)).body
  t.match(decodeJwt(issued), { sub: nurse.id, role: 'professional' })
  t.ok((decodeJwt(issued).exp ?? 0) <= (decodeJwt(token).exp ?? 0), 'ends no later than what it was given for')
  t.equal((await exchange(token)).status, 200)
  t.equal(provider.asked['/me'], before + 2, 'it is asked each time whether the token is live')

  const wrong = { status: 400, body: { error: 'invalid_request' } }
  const sign = (claims: object, header: object = {}) => provider.sign('f:1:nurse', { azp: 'app', ...claims }, header)
  t.equal((await exchange(await sign({}))).status, 200)
  for (const claims of [{ azp: undefined }, { azp: 'other app' }, { client_id: 'other app' }, { exp: undefined }]) {
    t.match(await exchange(await sign(claims)), wrong, JSON.stringify(claims))
  }
  t.match(await exchange(await sign({}, { typ: 'JWT' })), wrong, 'an ID token')
  t.match(await exchange(await sign({ exp: soon() - 560 })), wrong, 'one that has ended')
  const [head, payload] = (await sign({})).split('.')
  t.match(await exchange(`${head}.${payload}.${'A'.repeat(342)}`), wrong, 'one that nobody signed')
  await provider.stop()
  t.match(await exchange(await sign({})), { status: 503 }, 'while nobody can be asked')
  await provider.start()
  provider.tokens = 'opaque'
  t.match(await exchange(await logIn(provider, 'f:1:nurse')), wrong, 'one that only the issuer can read')
})

t.test('a loop with one token holds back that person; one with wrong tokens, the app', async (t) => {
  const limits = { RATE_LIMIT: 600, RATE_LIMIT_TOKENS: 3, RATE_LIMIT_UNAUTHENTICATED: 5 }
  const limited = await startWithIssuers(t, [settingsOf(scripted as typeof provider, introspection)], limits)
  const { admin } = await makeWorld(limited)
  const [one, two] = [await makeApp(limited, admin, scripted), await makeApp(limited, admin, scripted)]
  const statuses = async (who: typeof one, tokens: string[], body: object) => {
    const answers: number[] = []
    Object.assign(says, { status: 200, body })
    for (const token of tokens) answers.push((await exchangeToken(limited, who, token)).status)
    return answers
  }
  t.same(await statuses(one, Array(4).fill('a-person'), right()), [200, 200, 200, 429])
  t.same(await statuses(one, ['another', 'third'], right()), [200, 200])
  const asked = heard.length
  const wrong = range(7).map((n) => `wrong-${n}`)
  t.same(await statuses(one, wrong, { active: false }), [400, 400, 400, 400, 400, 429, 429])
  t.equal(heard.length, asked + 5, 'the issuer is asked no more')
  t.same(await statuses(two, ['a-person'], right()), [200], 'another app is not held back')
})

t.test('an app’s ceiling counts what it asks for all its people together', async (t) => {
  const limited = await startWithIssuers(t, [settingsOf(scripted as typeof provider, introspection)], {
    RATE_LIMIT: 600,
  })
  const { admin } = await makeWorld(limited)
  const busy = await makeApp(limited, admin, scripted, { requestsPerMinute: 3 })
  const tokens: string[] = []
  for (const number of [rpps(1), rpps(2)]) {
    Object.assign(says, { status: 200, body: { ...right(), ...claimsFor(number) } })
    tokens.push(must(200, await exchangeToken(limited, busy, 'a-token')).body.access_token)
  }
  const ask = async (n: number) => (await limited.call('GET', '/v1/me', { token: tokens[n % 2] as string })).status
  t.same([await ask(0), await ask(1), await ask(0), await ask(1)], [200, 200, 200, 429])
})
