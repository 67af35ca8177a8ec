import { createServer, type ServerResponse } from 'node:http'
import { connect, createServer as createNetServer } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { createClient } from '../../src/client/client.ts'
import { followEvents } from '../../src/client/events.ts'
import { makeClient } from '../support/clients.ts'
import { listenForGood } from '../support/lasting-port.ts'
import { finess, rpps } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

/** A machine that answers as the script says, and keeps what it was sent. */
async function scripted(ending: Test, answers: ((response: ServerResponse) => void)[]) {
  const heard: { url: string; key: unknown; bearer: unknown; body: string }[] = []
  const server = createServer(async (request, response) => {
    const { 'idempotency-key': key, authorization: bearer } = request.headers
    heard.push({ url: request.url ?? '', key, bearer, body: await text(request) })
    const answer = answers.shift()
    if (answer) answer(response)
    else cut(response)
  })
  const baseUrl = `http://127.0.0.1:${await listenForGood(server)}`
  ending.teardown(() => server.close())
  return { baseUrl, heard }
}

function saying(status: number, body: object, headers: Record<string, string> = { 'retry-after': '0' }) {
  return (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify(body))
  }
}

const cut = (response: ServerResponse) => response.destroy()

const bearer = { token: async () => 'a-token' }
const body = { professional: rpps(1), identityCheck: { method: 'cps_card' as const }, lines: [] }

t.test('a write is sent until it is answered for good, each time with the same key and bytes', async (t) => {
  const { baseUrl, heard } = await scripted(t, [
    saying(503, { code: 'outcome_unknown' }),
    cut,
    saying(429, { code: 'rate_limited' }),
    saying(409, { code: 'idempotency_in_progress' }),
    saying(201, { id: 'done' }),
  ])
  const { data } = await createClient({ baseUrl, auth: bearer }).POST('/v1/dispensations', { body })
  t.match(data, { id: 'done' })
  t.equal(heard.length, 5)
  t.equal(new Set(heard.map(({ key }) => key)).size, 1, 'one key')
  t.match(heard[0]?.key, /^[0-9a-f-]{36}$/)
  t.equal(new Set(heard.map((each) => each.body)).size, 1, 'one body')
  t.same(JSON.parse(heard[4]?.body ?? ''), body)
})

t.test('a key that the caller kept is sent as it is, and readings have none', async (t) => {
  const { baseUrl, heard } = await scripted(t, [saying(201, {}), saying(200, { items: [] })])
  const client = createClient({ baseUrl, auth: bearer })
  await client.POST('/v1/dispensations', { params: { header: { 'idempotency-key': 'kept-on-disk' } }, body })
  await client.GET('/v1/products')
  t.same(
    heard.map(({ key }) => key),
    ['kept-on-disk', undefined],
  )
})

t.test('a refusal is told at once, as the service said it', async (t) => {
  const refusal = { code: 'entitlement_exceeded', remaining: [{ product: 'surgical', quantity: 0 }] }
  const { baseUrl, heard } = await scripted(t, [saying(409, refusal)])
  const { error, response } = await createClient({ baseUrl, auth: bearer }).POST('/v1/dispensations', { body })
  t.equal(response.status, 409)
  t.same(error, refusal)
  t.equal(heard.length, 1)
})

t.test('what stays unavailable is told after the last try', async (t) => {
  const { baseUrl, heard } = await scripted(t, [saying(503, { code: 'unavailable' }), saying(503, { code: 'again' })])
  const { error } = await createClient({ baseUrl, auth: bearer, tries: 2 }).POST('/v1/dispensations', { body })
  t.same(error, { code: 'again' })
  t.equal(heard.length, 2)
})

t.test('a token is fetched once for all, and once more when it is refused', async (t) => {
  const granted = (token: string) => saying(200, { access_token: token, expires_in: 3600 }, {})
  const answers = [granted('first'), ...Array.from({ length: 5 }, () => saying(200, { items: [] }))]
  answers.push(saying(401, {}), granted('second'), saying(200, { items: [] }), saying(401, {}), granted('third'))
  answers.push(saying(401, { code: 'unauthenticated' }))
  const { baseUrl, heard } = await scripted(t, answers)
  const client = createClient({ baseUrl, auth: { clientId: 'till', clientSecret: 's e+cret' } })
  await Promise.all(Array.from({ length: 5 }, () => client.GET('/v1/products')))
  t.equal(heard[0]?.bearer, `Basic ${btoa('till:s%20e%2Bcret')}`)
  t.equal(heard.filter(({ url }) => url === '/oauth/token').length, 1)
  const { data } = await client.GET('/v1/products')
  t.same(data, { items: [] }, 'a refused token is renewed')
  t.equal(heard.at(-1)?.bearer, 'Bearer second')
  const { error } = await client.GET('/v1/products')
  t.match(error, { code: 'unauthenticated' }, 'whose fresh token is refused too is told so')
})

t.test('an app’s server exchanges the token that its person has now, whenever it needs another', async (t) => {
  const granted = (token: string) => saying(200, { access_token: token, expires_in: 600 }, {})
  const items = saying(200, { items: [] })
  const { baseUrl, heard } = await scripted(t, [granted('first'), items, saying(401, {}), granted('second'), items])
  const theirs = ['of-the-morning', 'of-the-evening']
  const auth = { clientId: 'app', clientSecret: 'secret', subjectToken: async () => theirs.shift() ?? '' }
  const client = createClient({ baseUrl, auth })
  await client.GET('/v1/reservations')
  await client.GET('/v1/reservations')
  const forms = heard.filter(({ url }) => url === '/oauth/token').map(({ body: form }) => new URLSearchParams(form))
  t.same(
    forms.map((form) => [form.get('grant_type')?.split(':').at(-1), form.get('subject_token')]),
    [
      ['token-exchange', 'of-the-morning'],
      ['token-exchange', 'of-the-evening'],
    ],
  )
  t.match(heard.at(-1), { url: '/v1/reservations', bearer: 'Bearer second' })
})

t.test('a hand-over whose answer the network loses happens once', async (t) => {
  const service = await startService(t)
  const world = await makeWorld(service)
  const place = await world.pharmacy(1)
  const { id: professional } = await world.professional(1)
  await world.rule()
  must(201, await world.count(place, 100))
  const { id: clientId, secret: clientSecret } = await makeClient(service, world.admin)
  const grant = `/v1/pharmacies/${place.finess}/grants/${clientId}`
  await service.call('PUT', grant, { token: place.token, body: {} })

  const { port } = new URL(await service.app.listen({ host: '127.0.0.1', port: 0 }))
  let lost = 0
  const network = createNetServer((socket) => {
    const upstream = connect(Number(port), '127.0.0.1')
    socket.pipe(upstream)
    upstream.on('data', (bytes) => {
      if (!bytes.includes('"receipt"') || lost === 2) return socket.write(bytes)
      lost++
      return socket.destroy()
    })
    for (const [one, other] of [[socket, upstream] as const, [upstream, socket] as const]) {
      one.on('close', () => other.destroy()).on('error', () => other.destroy())
    }
  })
  const baseUrl = `http://127.0.0.1:${await listenForGood(network)}`
  t.teardown(() => network.close())
  const client = createClient({ baseUrl, auth: { clientId, clientSecret } })
  const { data, response } = await client.POST('/v1/dispensations', {
    body: { professional, identityCheck: { method: 'cps_card' }, lines: [{ product: 'surgical', quantity: 4 }] },
  })
  t.equal(lost, 2, 'two answers were lost')
  t.equal(response.headers.get('idempotency-replayed'), 'true')
  t.match(data, { sequence: 1, remaining: [{ product: 'surgical', quantity: 6 }] })
  const stock = await client.GET('/v1/pharmacies/{finess}/stock', { params: { path: { finess: finess(1) } } })
  t.match(stock.data?.items, [{ product: 'surgical', onHand: 96 }])

  // Events are followed: from the first kept, then on from where one stopped, each once.
  const seen: string[] = []
  let after: string | undefined
  const follow = async (many: number) => {
    const from = { ...(after !== undefined && { after }), type: 'stock.declared,dispensation.recorded', pauseMs: 20 }
    for await (const { items, nextCursor } of followEvents(client, from)) {
      seen.push(...items.map(({ type }) => type))
      after = nextCursor
      if (seen.length >= many) break
    }
  }
  await follow(2)
  must(201, await world.dispense(place, professional, 1))
  await follow(3)
  t.same(seen, ['stock.declared', 'dispensation.recorded', 'dispensation.recorded'])
  const ended = AbortSignal.abort()
  for await (const _ of followEvents(client, { signal: ended })) t.fail('nothing more')
  const wrong = followEvents(client, { type: 'nothing.such' }).next()
  t.match(await wrong.catch((error) => error), { name: 'Error', problem: { code: 'invalid_request' } })
})
