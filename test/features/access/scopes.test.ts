import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql, texts } from '../../../src/db/sql.ts'
import { clientToken, insertClient } from '../../support/client-rows.ts'
import { startService } from '../../support/service.ts'
import { until } from '../../support/until.ts'
import { makeWorld } from '../../support/world.ts'

const service = await startService(t)
const { call, key, db } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
const client = await insertClient(db, { role: 'pharmacy', finess: [place.finess] })
const lookup = (token: string) => call('GET', '/v1/allocation-rules', { token })
const lacking = {
  status: 403,
  headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="rules:read"' },
  body: { code: 'forbidden', detail: /rules:read/, scope: 'rules:read' },
}
// The world was made while nobody knew of the client.
await until(
  'the client is not known',
  async () => (await lookup(await clientToken(key, client, ['rules:read']))).status === 200,
)

t.test('403: a machine’s token without the scope of the route is told which it needs', async (t) => {
  t.match(await lookup(await clientToken(key, client, ['stock:read', 'rules:write'])), lacking)
  t.match(await lookup(await clientToken(key, client, [])), lacking)
  t.equal((await lookup(await clientToken(key, client, ['stock:read', 'rules:read']))).status, 200)
})

t.test('403: a role that may not is told so, and of no scope', async (t) => {
  const answer = await call('GET', '/v1/territories', { token: await clientToken(key, client, []) })
  t.match(answer, { status: 403, body: { code: 'forbidden' } })
  t.notOk('scope' in answer.body)
  t.notOk(answer.headers['www-authenticate'])
})

t.test('200: the token of a person needs no scope', async (t) => {
  t.equal((await lookup(place.token)).status, 200)
})

t.test('403: a scope that its client has no more is gone from tokens already out', async (t) => {
  const token = await clientToken(key, client, ['stock:read', 'rules:read'])
  t.equal((await lookup(token)).status, 200)
  await rows(db, 'narrow', sql`update clients set scopes = ${texts(['stock:read'])} where id = ${client}::uuid`)
  await until('the scope is there still', async () => (await lookup(token)).status === 403)
  t.match(await lookup(token), lacking)
})

t.test('401: who sent no token is asked for one, and who sent a wrong one is told so (RFC 6750)', async (t) => {
  const challenge = async (authorization?: string) => {
    const answer = await call('GET', '/v1/allocation-rules', authorization ? { headers: { authorization } } : {})
    t.equal(answer.status, 401)
    return answer.headers['www-authenticate']
  }
  t.equal(await challenge(), 'Bearer')
  t.equal(await challenge('Basic YTpi'), 'Bearer')
  t.equal(await challenge('Bearer x'), 'Bearer error="invalid_token"')
  t.equal(await challenge(`bearer ${world.admin}x`), 'Bearer error="invalid_token"')
})
