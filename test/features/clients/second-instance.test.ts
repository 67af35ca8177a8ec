import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { openServer } from '../../../src/db/server.ts'
import {
  askToken,
  asserted,
  assertion,
  basic,
  clientBody,
  grant,
  makeClient,
  makeClientKey,
  tokenOf,
} from '../../support/clients.ts'
import { onServerOnly, PATIENT } from '../../support/database.ts'
import { letPass } from '../../support/monotonic.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

t.test('two instances over one database', { skip: onServerOnly }, async (t) => {
  const service = await startService(t)
  const { call, config, key, signers, webhookKeys, url = '' } = service
  const db = openServer(url, { connections: 5, timeouts: PATIENT, onError: () => {} })
  const second = await buildApp({ config, db, keys: [key], issuers: [], signers, webhookKeys })
  t.teardown(() => second.close().then(() => db.close()))
  const world = await makeWorld(service)
  const { admin } = world
  const [one, other] = [await world.pharmacy(1), await world.pharmacy(2)]

  const asks = (path: string, token: string) => ({
    here: async () => (await call('GET', path, { token })).status,
    // A second after whatever was done last; it then waits for what it remembers to be read again.
    there: async () => {
      letPass(t, 1_000)
      return (await second.inject({ url: path, headers: { authorization: `Bearer ${token}` } })).statusCode
    },
  })

  /**
   * Fails if a request that the second instance is sent a second after the last change, or any to the first, is
   * answered otherwise.
   */
  async function follow(ask: ReturnType<typeof asks>, status: number): Promise<void> {
    t.strictSame([await ask.here(), await ask.there()], [status, status])
  }

  await t.test('a withdrawn grant is refused on both within a second, and the others are not', async (t) => {
    const client = await makeClient(service, admin)
    for (const place of [one, other]) await grant(service, place, client)
    const token = await tokenOf(service, client)
    const [mine, theirs] = [one, other].map(({ finess }) => asks(`/v1/pharmacies/${finess}/stock`, token))
    if (!mine || !theirs) throw new Error('there are two')
    t.strictSame([await mine.here(), await mine.there()], [200, 200])
    for (let round = 0; round < 3; round++) {
      const path = `/v1/pharmacies/${one.finess}/grants/${client.id}`
      must(200, await call('POST', `${path}/withdrawal`, { token: one.token }))
      await follow(mine, 403)
      t.strictSame([await theirs.here(), await theirs.there()], [200, 200])
      must(201, await call('PUT', path, { token: one.token }))
      await follow(mine, 200)
    }
  })

  await t.test('a revoked client’s live token is refused on both within a second; so are tokens revoked', async () => {
    const client = await makeClient(service, admin)
    await grant(service, one, client)
    const path = `/v1/pharmacies/${one.finess}/stock`
    const token = await tokenOf(service, client)
    await follow(asks(path, token), 200)
    must(200, await call('POST', `/v1/clients/${client.id}/token-revocation`, { token: admin }))
    await follow(asks(path, token), 401)
    const next = await tokenOf(service, client)
    await follow(asks(path, next), 200)
    const { role: _, ...body } = clientBody({ status: 'suspended' }) as { role: string }
    must(200, await call('PUT', `/v1/clients/${client.id}`, { token: admin, body }))
    await follow(asks(path, next), 403)
    must(200, await call('PUT', `/v1/clients/${client.id}`, { token: admin, body: { ...body, status: 'revoked' } }))
    await follow(asks(path, next), 401)
  })

  await t.test(
    'a secret and an assertion are known to both at once: deleted or used, they are dead on both',
    async (t) => {
      const ask = (headers: object, form: object) =>
        second.inject({
          method: 'POST',
          url: '/oauth/token',
          headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
          payload: new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString(),
        })
      const key = await makeClientKey()
      const { id } = await makeClient(service, admin, { jwks: { keys: [key.jwk] } })
      const text = await assertion(id, key)
      t.equal((await askToken(service, {}, asserted(text))).status, 200)
      t.equal((await ask({}, asserted(text))).statusCode, 401)

      const client = await makeClient(service, admin)
      t.equal((await ask(basic(client), {})).statusCode, 200)
      const secret = client.secret.split('.')[0]
      must(200, await call('DELETE', `/v1/clients/${client.id}/secrets/${secret}`, { token: admin }))
      t.equal((await ask(basic(client), {})).statusCode, 401)
    },
  )
})
