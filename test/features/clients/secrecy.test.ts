import t from 'tap'
import {
  askToken,
  asserted,
  assertion,
  basic,
  clientBody,
  makeClient,
  makeClientKey,
  tokenOf,
} from '../../support/clients.ts'
import { startService } from '../../support/service.ts'
import { tablesNaming } from '../../support/traces.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { admin } = await makeWorld(service, null)
const { call, db } = service

t.test('no secret, token or assertion is in a table or in the log', async (t) => {
  const body = clientBody()
  const made = must(201, await call('POST', '/v1/clients', { token: admin, key: 'made', body })).body
  const added = must(201, await call('POST', `/v1/clients/${made.id}/secrets`, { token: admin, key: 'added' })).body
  must(201, await call('POST', '/v1/clients', { token: admin, key: 'made', body }))
  const key = await makeClientKey()
  const { id } = await makeClient(service, admin, { jwks: { keys: [key.jwk] } })
  const texts: string[] = []
  for (const text of [await assertion(id, key), await assertion(id, key, { claims: { aud: 'another' } })]) {
    texts.push(text, ...text.split('.').slice(1))
    const { body } = await askToken(service, {}, asserted(text))
    if (body.access_token) texts.push(body.access_token)
  }
  for (const secret of [made.secret, added.secret]) {
    const client = { id: made.id, secret }
    texts.push(secret, secret.split('.')[1], basic(client).authorization?.slice('Basic '.length) ?? '')
    texts.push(await tokenOf(service, client))
    await askToken(service, basic({ id: secret, secret })) // Whoever takes one field for the other.
    await askToken(service, basic({ id, secret }))
    await call('POST', `/oauth/token?client_secret=${secret}`, { body: {} })
    await askToken(service, {}, { client_secret: secret, client_id: secret })
  }
  t.same(await tablesNaming(db, texts), [])
  const logged = service.logged.join('')
  t.match(logged, /client authenticated/)
  t.match(logged, /client not authenticated/)
  for (const text of texts) t.notOk(logged.includes(text))
  t.same(
    await tablesNaming(db, [made.id]),
    ['admin_acts', 'client_secrets', 'clients', 'idempotency_keys'],
    'what is looked for is found',
  )
})
