import { createServer } from 'node:http'
import t from 'tap'
import { webhookReceiver } from '../../../docs/examples/webhook-receiver.ts'
import { newSeed, secretOf, signaturesOf } from '../../../src/features/webhooks/signing.ts'
import { listenForGood } from '../../support/lasting-port.ts'
import { makeWebhookKeys, startBeside, startService } from '../../support/service.ts'
import { makeClient, makeEndpoint, TO_THIS_MACHINE } from '../../support/webhooks.ts'
import { makeWorld } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
const [here, there] = [await world.pharmacy(1), await world.pharmacy(2)]
const { token } = await makeClient(service, { role: 'pharmacy', finess: [here.finess] })
const url = 'https://8.8.8.8/hooks'
const create = (body: object) =>
  call('POST', '/v1/webhook-endpoints', {
    token,
    key: true,
    body: { url, types: [], pharmacies: 'all_granted', signing: 'v1', ...body },
  })

t.test('400: a target that only this service could reach is refused, and the field is named', async (t) => {
  for (const target of ['https://127.0.0.1/', 'https://localhost/', 'http://8.8.8.8/', 'https://[::ffff:10.0.0.1]/']) {
    const refused = { status: 400, body: { code: 'target_refused', errors: [{ path: 'url' }] } }
    t.match(await create({ url: target }), refused, target)
  }
})

t.test('403: for a pharmacy or a kind of event that the client may not read', async (t) => {
  t.match(await create({ pharmacies: [there.finess] }), { status: 403, body: { code: 'forbidden' } })
  t.match(await create({ types: ['alert.stock'] }), { status: 403, body: { code: 'forbidden' } })
  t.equal((await create({ pharmacies: [here.finess], types: ['stock.declared'] })).status, 201)
})

t.test('404: another client’s endpoint is not there for anything', async (t) => {
  const { id } = await makeEndpoint(service, token, { url })
  const other = await makeClient(service, { role: 'pharmacy', finess: [here.finess] })
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/deliveries'],
    ['POST', '/test'],
    ['POST', '/secret-rotation'],
  ] as const) {
    const body = method === 'POST' ? {} : undefined
    const answer = await call(method, `/v1/webhook-endpoints/${id}${path}`, { token: other.token, body })
    t.match(answer, { status: 404 }, `${method} ${path}`)
  }
  t.equal((await call('DELETE', `/v1/webhook-endpoints/${id}`, { token })).status, 200)
  t.equal((await call('GET', `/v1/webhook-endpoints/${id}`, { token })).status, 404)
})

t.test('the secret is in the first answer alone: no retry and no reading shows it', async (t) => {
  const sent = { token, key: 'once', body: { url, types: [], pharmacies: 'all_granted', signing: 'v1' } }
  const first = await call('POST', '/v1/webhook-endpoints', sent)
  t.match(first, { status: 201, body: { secret: /^whsec_/, publicKey: null } })
  const again = await call('POST', '/v1/webhook-endpoints', sent)
  t.match(again, { status: 201, headers: { 'idempotency-replayed': 'true' } })
  t.notOk('secret' in again.body)
  const read = await call('GET', `/v1/webhook-endpoints/${first.body.id}`, { token })
  t.notOk(JSON.stringify(read.body).includes(first.body.secret))
})

t.test('a retry is answered what came first, though its target is refused by now', async (t) => {
  const before = await startBeside(t, { ...service, config: { ...service.config, ...TO_THIS_MACHINE } })
  const body = { url: 'http://127.0.0.1:8080/', types: [], pharmacies: 'all_granted', signing: 'v1a' }
  const first = await before.call('POST', '/v1/webhook-endpoints', { token, key: 'then', body })
  t.match(first, { status: 201 })
  const again = await call('POST', '/v1/webhook-endpoints', { token, key: 'then', body })
  t.match(again, { status: 201, headers: { 'idempotency-replayed': 'true' } })
  t.strictSame(again.body, first.body)
  t.match(await call('POST', '/v1/webhook-endpoints', { token, key: 'now', body }), { status: 400 })
})

t.test('the example receiver refuses what is old, altered or signed by another, and takes an event once', async (t) => {
  const keys = makeWebhookKeys()
  const seed = newSeed(keys)
  const taken: string[] = []
  const server = createServer(webhookReceiver([secretOf(keys, seed)], ({ id }) => void taken.push(id)))
  const port = await listenForGood(server)
  t.teardown(() => server.close())
  const send = async ({ secondsAgo = 0, by = seed, altered = false }) => {
    const body = JSON.stringify({ id: 'one', type: 'webhook.test', at: '', data: {} })
    const at = Math.floor(Date.now() / 1000) - secondsAgo
    const headers = {
      'webhook-id': 'one',
      'webhook-timestamp': String(at),
      'webhook-signature': signaturesOf(keys, 'v1', [by], { id: 'one', at, body }),
    }
    const message = { method: 'POST', headers, body: altered ? `${body} ` : body }
    return (await fetch(`http://127.0.0.1:${port}/`, message)).status
  }
  t.equal(await send({ secondsAgo: 310 }), 401)
  t.equal(await send({ altered: true }), 401)
  t.equal(await send({ by: newSeed(keys) }), 401)
  t.same(taken, [])
  t.equal(await send({}), 204)
  t.equal(await send({}), 204)
  t.same(taken, ['one'])
})
