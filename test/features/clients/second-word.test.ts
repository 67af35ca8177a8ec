import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { actsOf } from '../../support/admin-acts.ts'
import { askToken, basic, clientBody, type MadeClient, makeClient, makeClientKey } from '../../support/clients.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t, { FOUR_EYES: 'true' })
const { call } = service
const { admin } = await makeWorld(service, null)
const second = await service.token({ role: 'admin', subject: 'second' })
const path = (id: string, rest = '') => `/v1/clients/${id}${rest}`
const read = async (id: string) => must(200, await call('GET', path(id), { token: admin })).body
const put = (id: string, body: object, token = admin) => call('PUT', path(id), { token, body })
const answer = (verb: 'confirmation' | 'withdrawal', id: string, request: string, token = second, key?: string) =>
  call('POST', path(id, `/${verb}`), { token, body: { request }, ...(key && { key }) })
const confirm = (id: string, request: string, token = second) => answer('confirmation', id, request, token)
const tokenStatus = async (client: MadeClient) => (await askToken(service, basic(client))).status

const regulator = { role: 'regulator', scopes: ['audit:read'], territories: ['FR-31'], professions: ['60'] }
const directory = { role: 'admin', scopes: ['directory:write'] }
const state = (more: object = {}) => {
  const { role: _, ...body } = clientBody({ ...regulator, status: 'active', ...more }) as { role: string }
  return body
}

/** A regulator's client that two admins have made. */
async function confirmed(more: object = regulator): Promise<MadeClient> {
  const client = await makeClient(service, admin, more)
  must(200, await confirm(client.id, (await read(client.id)).awaiting.id))
  return client
}

for (const powerful of [regulator, directory, { role: 'admin', scopes: ['clients:write'] }]) {
  const { role, scopes } = powerful
  t.test(`a client of role ${role} with ${scopes} gets no token until another admin confirms it`, async (t) => {
    const client = await makeClient(service, admin, powerful)
    const { status, awaiting } = await read(client.id)
    t.match({ status, awaiting }, { status: 'suspended', awaiting: { askedBy: 'gomask admin', secret: null } })
    t.match(awaiting.change, { status: 'active', scopes })
    t.equal(await tokenStatus(client), 401)
    t.match(await confirm(client.id, awaiting.id, admin), { status: 403, body: { code: 'forbidden' } })
    t.equal(await tokenStatus(client), 401)
    t.match(await confirm(client.id, awaiting.id), { status: 200, body: { status: 'active', awaiting: null } })
    t.equal(await tokenStatus(client), 200)
  })
}

t.test('clients of pharmacies, and admins’ that neither change people nor clients, need one admin', async (t) => {
  for (const more of [{}, { role: 'admin', scopes: ['rules:write'] }]) {
    t.equal(await tokenStatus(await makeClient(service, admin, more)), 200)
  }
})

t.test('202: whatever gives a client more waits, and until then it is as it was', async (t) => {
  const { jwk } = await makeClientKey()
  const client = await confirmed()
  for (const more of [
    { scopes: ['audit:read', 'rules:read'] },
    { territories: ['FR-31', 'FR-81'] },
    { professions: ['60', '10'] },
    { professions: [] },
    { jwks: { keys: [jwk] } },
  ]) {
    const before = await read(client.id)
    const asked = await put(client.id, state(more))
    t.match(asked, { status: 202, body: { awaiting: { change: more } } })
    const { awaiting, ...rest } = await read(client.id)
    t.strictSame({ ...rest, awaiting: null }, { ...before, awaiting: null })
    const done = await confirm(client.id, awaiting.id)
    t.match(done, { status: 200, body: { ...more, awaiting: null } })
    t.equal((await put(client.id, state())).status, 200, 'and less needs nobody else')
  }
})

t.test('an admin’s client that may change rules waits before it may change people', async (t) => {
  const client = await makeClient(service, admin, { role: 'admin', scopes: ['rules:write'] })
  const body = { name: 'N', status: 'active', scopes: ['rules:write', 'directory:write'] }
  t.equal((await put(client.id, body)).status, 202)
  t.strictSame((await read(client.id)).scopes, ['rules:write'])
})

t.test('suspending and revoking need one admin; resuming needs two, with what came in between', async (t) => {
  const client = await confirmed()
  t.equal((await put(client.id, state({ status: 'suspended' }))).status, 200)
  t.equal((await put(client.id, state({ status: 'suspended', territories: ['FR'] }))).status, 202)
  t.strictSame((await read(client.id)).territories, ['FR-31'], 'nothing is slipped in while it is suspended')
  const { awaiting } = must(202, await put(client.id, state())).body
  t.equal(await tokenStatus(client), 401)
  must(200, await confirm(client.id, awaiting.id))
  t.equal(await tokenStatus(client), 200)
  t.equal((await put(client.id, state({ status: 'revoked' }))).status, 200)
})

t.test('202: a secret for such a client works once another admin has confirmed it', async (t) => {
  const client = await confirmed()
  const added = must(202, await call('POST', path(client.id, '/secrets'), { token: admin })).body
  const young = { id: client.id, secret: added.secret }
  t.strictSame([await tokenStatus(young), (await read(client.id)).secrets.length], [401, 1])
  t.match((await read(client.id)).awaiting, { id: added.awaiting, secret: added.id, change: null })
  t.equal((await confirm(client.id, added.awaiting, admin)).status, 403)
  t.equal((await confirm(client.id, added.awaiting)).status, 200)
  t.equal(await tokenStatus(young), 200)
  const third = await call('POST', path(client.id, '/secrets'), { token: admin })
  t.match(third, { status: 409, body: { code: 'client_secrets_full' } })
  const kept = await rows(
    service.db,
    'secrets_of_ended_requests',
    sql`select secret from client_requests where ended_at is not null and secret is not null`,
  )
  t.strictSame(kept, [], 'and its hash stays nowhere else')
})

t.test('404: what was replaced, withdrawn, overtaken or confirmed cannot be confirmed', async (t) => {
  const client = await confirmed()
  const ask = async (more: object) => must(202, await put(client.id, state(more))).body.awaiting.id
  const first = await ask({ territories: ['FR-81'] })
  const other = await ask({ territories: ['FR'] })
  const gone = { status: 404, body: { code: 'not_found' } }
  t.match(await confirm(client.id, first), gone, 'another request has taken its place')
  t.equal((await answer('withdrawal', client.id, other, admin)).status, 200, 'who asked may withdraw it')
  t.match(await confirm(client.id, other), gone)
  const third = await ask({ territories: ['FR'] })
  must(200, await put(client.id, state({ name: 'Another' })))
  t.match(await confirm(client.id, third), gone, 'the client has changed meanwhile')
  const fourth = await ask({ territories: ['FR'] })
  must(200, await confirm(client.id, fourth))
  t.match(await confirm(client.id, fourth), gone)
  t.match(await answer('withdrawal', client.id, fourth), gone)
  t.equal((await put(client.id, state({ territories: ['FR', 'FR-81'] }))).status, 202, 'more is asked for again')
  t.match(await confirm(seededUuid(), fourth), gone)
  t.match(await answer('withdrawal', seededUuid(), fourth), gone)
})

t.test('of two admins who confirm at once, one does', async (t) => {
  const client = await makeClient(service, admin, regulator)
  const { awaiting } = await read(client.id)
  const third = await service.token({ role: 'admin', subject: 'third' })
  const answers = await Promise.all([second, third, second].map((token) => confirm(client.id, awaiting.id, token)))
  t.same(answers.map(({ status }) => status).sort(), [200, 404, 404])
})

t.test('the same subject of the same issuer is the same admin, whatever the token', async (t) => {
  const client = await makeClient(service, admin, regulator)
  const again = await service.token({ role: 'admin', subject: 'admin', ttlSeconds: 120 })
  t.equal((await confirm(client.id, (await read(client.id)).awaiting.id, again)).status, 403)
})

t.test('the journal says who asked and who confirmed, and never a hash', async (t) => {
  const client = await confirmed()
  const asked = await actsOf(service.db, () => call('POST', path(client.id, '/secrets'), { token: admin }))
  t.match(asked.acts, [{ kind: 'request', object: client.id, name: 'admin', act: 'addClientSecret' }])
  const given = await actsOf(service.db, () => confirm(client.id, asked.result.body.awaiting))
  t.match(
    given.acts.find(({ kind }) => kind === 'request'),
    { name: 'second', act: 'confirmClientRequest', after: { asked_by: 'gomask admin', ended_by: 'gomask second' } },
  )
  t.notMatch(JSON.stringify([asked.acts, given.acts]), /scrypt/)
  const ars = await service.token({ role: 'regulator', subject: 'ars', territories: ['FR-31'] })
  const shown = await call('GET', '/v1/audit/admin-acts?kind=request&limit=2', { token: ars })
  t.match(shown.body.items, [{ object: { kind: 'request', id: client.id } }, {}], 'to regulators of its territory')
})

t.test('the database keeps no confirmation by who asked', async (t) => {
  const client = await makeClient(service, admin, regulator)
  const forged = rows(
    service.db,
    'forge_confirmation',
    sql`update client_requests set confirmed = true, ended_at = now(), ended_by = asked_by
        where client_id = ${client.id}::uuid`,
  )
  await t.rejects(forged, { cause: { constraint: 'client_requests_two_names' } })
})

t.test('auto: from the second admin client on, and revoking it does not end that', async (t) => {
  const lone = await startService(t, { FOUR_EYES: 'auto' })
  const token = await lone.token({ role: 'admin', subject: 'admin' })
  const status = async (body: object) =>
    must(201, await lone.call('POST', '/v1/clients', { token, body: clientBody(body) })).body.status
  const admins = { role: 'admin', scopes: ['clients:write'] }
  t.equal(await status(admins), 'active')
  t.equal(await status(regulator), 'active')
  const other = await makeClient(lone, token, admins)
  t.equal(await status(regulator), 'suspended')
  const revoked = { name: 'N', scopes: ['clients:write'], status: 'revoked' }
  must(200, await lone.call('PUT', `/v1/clients/${other.id}`, { token, body: revoked }))
  t.equal(await status(regulator), 'suspended')
})

t.test('false: one admin is enough, and what waited can be done by asking again', async (t) => {
  const lone = await startService(t, { FOUR_EYES: 'false' })
  const token = await lone.token({ role: 'admin', subject: 'admin' })
  t.equal((await askToken(lone, basic(await makeClient(lone, token, regulator)))).status, 200)
})

t.test('confirming and withdrawing keep what every write promises', async (t) => {
  for (const verb of ['confirmation', 'withdrawal']) {
    const clients = [await makeClient(service, admin, regulator), await makeClient(service, admin, regulator)]
    const [one, other] = await Promise.all(
      clients.map(async ({ id }) => ({ path: path(id, `/${verb}`), body: { request: (await read(id)).awaiting.id } })),
    )
    if (!one || !other) throw new Error('two were made')
    await testWrite(t, service, {
      caller: { role: 'admin', subject: `writes ${verb}` },
      method: 'POST',
      ...one,
      other,
      status: 200,
    })
  }
})
