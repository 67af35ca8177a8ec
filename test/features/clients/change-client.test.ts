import { decodeJwt } from 'jose'
import t from 'tap'
import { ownIssuers } from '../../../src/http/issuers/own.ts'
import { readStanding } from '../../../src/store/standing.ts'
import { askToken, basic, clientBody, grant, makeClient, tokenOf } from '../../support/clients.ts'
import { asOwner } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, null)
const { admin } = world
const put = (id: string, body: object) => call('PUT', `/v1/clients/${id}`, { token: admin, body })
const post = (id: string, path: string, body?: object) =>
  call('POST', `/v1/clients/${id}/${path}`, { token: admin, body })
const change = (more: object = {}) => {
  const { role: _, ...body } = clientBody({ status: 'active', ...more }) as { role: string }
  return body
}

t.test('200: a client’s name, scopes, life of tokens and keys change; its role, secrets and grants stay', async (t) => {
  const [client, place] = [await makeClient(service, admin), await world.pharmacy(1)]
  await grant(service, place, client)
  const body = change({ name: 'Nouveau', scopes: ['stock:read'], tokenSeconds: 300 })
  const changed = await put(client.id, body)
  t.match(changed, { status: 200, body: { ...body, role: 'pharmacy', pharmacies: 1, secrets: [{}], jwks: null } })
  t.match(await askToken(service, basic(client)), { status: 200, body: { expires_in: 300, scope: 'stock:read' } })
  t.match(await put(client.id, { ...body, role: 'admin' }), { status: 400, body: { detail: /role/ } })
  t.match(await put(client.id, change({ territories: ['FR'] })), {
    status: 400,
    body: { errors: [{ path: 'territories' }] },
  })
  t.equal((await put(seededUuid(), body)).status, 404)
})

t.test('409: revoked is for good', async (t) => {
  const client = await makeClient(service, admin)
  must(200, await put(client.id, change({ status: 'revoked' })))
  const refused = { status: 409, body: { code: 'client_revoked' } }
  t.match(await put(client.id, change()), refused)
  t.match(await post(client.id, 'secrets'), refused)
  const place = await world.pharmacy(2)
  t.match(await call('PUT', `/v1/pharmacies/${place.finess}/grants/${client.id}`, { token: place.token }), refused)
  t.equal((await put(client.id, change({ status: 'revoked', name: 'Closed' }))).status, 200)
})

t.test('two live secrets while rotating: both work, a third is 409, the old one is dead once deleted', async (t) => {
  const client = await makeClient(service, admin)
  const added = must(201, await post(client.id, 'secrets')).body
  const [old, young] = [client, { id: client.id, secret: added.secret }]
  const statuses = async () => [
    (await askToken(service, basic(old))).status,
    (await askToken(service, basic(young))).status,
  ]
  t.strictSame(await statuses(), [200, 200])
  t.match(await post(client.id, 'secrets'), { status: 409, body: { code: 'client_secrets_full' } })

  const first = must(200, await call('GET', `/v1/clients/${client.id}`, { token: admin })).body.secrets[0].id
  t.equal(first, client.secret.split('.')[0], 'a secret begins with its id')
  const path = `/v1/clients/${client.id}/secrets/${first}`
  t.match(await call('DELETE', path, { token: admin }), { status: 200, body: { secrets: [{ id: added.id }] } })
  t.strictSame(await statuses(), [401, 200])
  t.match(await call('DELETE', path, { token: admin }), { status: 404, body: { code: 'not_found' } })
  t.equal((await post(client.id, 'secrets', {})).status, 201, 'and there is a place again')
  const other = await makeClient(service, admin)
  const foreign = await call('DELETE', `/v1/clients/${other.id}/secrets/${added.id}`, { token: admin })
  t.equal(foreign.status, 404, 'another client’s secret is not deleted by the way')
})

t.test('of two secrets added at once to a client that has one, one is', async (t) => {
  const client = await makeClient(service, admin)
  const answers = await Promise.all([1, 2, 3].map(() => post(client.id, 'secrets')))
  t.same(answers.map(({ status }) => status).sort(), [201, 409, 409])
})

t.test('a secret may have an end: it is dead from then on, and its place is free', async (t) => {
  const client = await makeClient(service, admin)
  const expiresAt = minutesAgo(-60)
  const added = must(201, await post(client.id, 'secrets', { expiresAt })).body
  t.equal(added.expiresAt, expiresAt)
  const young = basic({ id: client.id, secret: added.secret })
  t.equal((await askToken(service, young)).status, 200)
  t.match(await post(client.id, 'secrets'), { status: 409, body: { code: 'client_secrets_full' } })
  await asOwner(
    service.db,
    `update client_secrets set expires_at = clock_timestamp() - interval '1 ms' where id = '${added.id}'`,
  )
  t.equal((await askToken(service, young)).status, 401)
  t.equal((await post(client.id, 'secrets')).status, 201)
  const past = await post(client.id, 'secrets', { expiresAt: '2026-01-01T00:00:00Z' })
  t.match(past, { status: 400, body: { errors: [{ path: 'expiresAt' }] } })
})

t.test('200: revoking tokens refuses those that are out, and those alone', async (t) => {
  const [client, place] = [await makeClient(service, admin), await world.pharmacy(3)]
  await grant(service, place, client)
  const read = async (token: string) => (await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token })).status
  const [one, other] = [await tokenOf(service, client), await tokenOf(service, client)]
  t.strictSame([await read(one), await read(other)], [200, 200])
  const { body } = must(200, await post(client.id, 'token-revocation'))
  t.ok(body.tokensFrom)
  t.strictSame([await read(one), await read(other)], [401, 401])
  t.equal(await read(await tokenOf(service, client)), 200, 'one issued right afterwards is good')
  t.equal((await post(seededUuid(), 'token-revocation')).status, 404)
})

t.test('a scope that is taken away is gone from tokens already out', async (t) => {
  const client = await makeClient(service, admin, { scopes: ['stock:read', 'rules:read'] })
  const payload = decodeJwt(await tokenOf(service, client))
  must(200, await put(client.id, change({ scopes: ['rules:read', 'audit:read'] })))
  const [issuer] = ownIssuers([service.key], undefined)
  const caller = await issuer?.callerOf({ payload, raw: '' }, await readStanding(service.db))
  t.strictSame(caller?.client?.scopes, ['rules:read'], 'and one that came later is not in them')
})

t.test('changing clients keeps what every write promises', async (t) => {
  const [client, other] = [await makeClient(service, admin), await makeClient(service, admin)]
  const path = (id: string, rest = '') => `/v1/clients/${id}${rest}`
  const writes = [
    { method: 'PUT', rest: '', body: change() },
    { method: 'POST', rest: '/token-revocation', body: undefined },
  ] as const
  for (const { method, rest, body } of writes) {
    await testWrite(t, service, {
      caller: { role: 'admin', subject: `writes${rest}` },
      method,
      path: path(client.id, rest),
      ...(body && { body }),
      other: { path: path(other.id, rest), ...(body && { body }) },
      status: 200,
    })
  }
})
