import t from 'tap'
import { grant, makeClient, tokenOf } from '../../support/clients.ts'
import { finess } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, null)
const { admin } = world
const places = [await world.pharmacy(1), await world.pharmacy(2), await world.pharmacy(3)].map(({ finess }) => finess)
const [one = '', two = '', three = ''] = places
const send = (id: string, pharmacies: unknown[]) =>
  call('POST', `/v1/clients/${id}/grants`, { token: admin, body: { pharmacies } })

t.test('200: each pharmacy has its result, and one that is refused holds up no other', async (t) => {
  const client = await makeClient(service, admin)
  await grant(service, { finess: two, token: admin }, client)
  const token = await tokenOf(service, client)
  const { body } = must(200, await send(client.id, [one, two, finess(99), three, '12345', one]))
  t.match(body.items, [
    { index: 0, pharmacy: one, outcome: 'granted', grant: /./ },
    { index: 1, pharmacy: two, outcome: 'granted_already', grant: /./ },
    { index: 2, outcome: 'refused', code: 'not_found' },
    { index: 3, outcome: 'granted' },
    { index: 4, outcome: 'refused', code: 'invalid_request' },
    { index: 5, pharmacy: one, outcome: 'granted_already', grant: body.items[0].grant },
  ])
  for (const place of places) t.equal((await call('GET', `/v1/pharmacies/${place}/stock`, { token })).status, 200)
  const { items } = must(
    200,
    await call('GET', `/v1/audit/admin-acts?object=${client.id}&kind=grant`, { token: world.regulator }),
  ).body
  t.match(items, [{ act: 'grantManyPharmacies' }, { act: 'grantManyPharmacies' }, { act: 'grantClient' }])
})

t.test('200: a thousand at once; 400: more, none, or a client that acts for no pharmacy; 404; 409', async (t) => {
  const client = await makeClient(service, admin)
  const numbers = range(1_000).map((n) => finess(n + 1_000))
  await service.db.foreign(
    `insert into pharmacies (finess, name, address, location, territory, status)
     select finess, 'P', 'A', ST_MakePoint(1.4, 43.6)::geography, 'FR-31', 'active' from unnest($1::text[]) as made (finess)`,
    [numbers],
  )
  const { items } = must(200, await send(client.id, numbers)).body
  t.equal(items.filter(({ outcome }: { outcome: string }) => outcome === 'granted').length, 1_000)
  t.equal(must(200, await call('GET', `/v1/clients/${client.id}`, { token: admin })).body.pharmacies, 1_000)
  for (const wrong of [[...numbers, one], [], [1]]) t.equal((await send(client.id, wrong)).status, 400)
  const other = await makeClient(service, admin, { role: 'admin', scopes: ['rules:read'] })
  t.match(await send(other.id, [one]), { status: 400, body: { errors: [{ path: 'client' }] } })
  t.equal((await send('0199c2a0-0000-7000-8000-000000000000', [one])).status, 404)
  const body = { name: 'N', scopes: ['stock:read'], status: 'revoked' }
  must(200, await call('PUT', `/v1/clients/${client.id}`, { token: admin, body }))
  t.match(await send(client.id, [one]), { status: 409, body: { code: 'client_revoked' } })
})

t.test('granting many keeps what every write promises', async (t) => {
  const path = `/v1/clients/${(await makeClient(service, admin)).id}/grants`
  await testWrite(t, service, {
    caller: { role: 'admin', subject: 'writes' },
    method: 'POST',
    path,
    body: { pharmacies: [one] },
    other: { path, body: { pharmacies: [two] } },
    status: 200,
  })
})
