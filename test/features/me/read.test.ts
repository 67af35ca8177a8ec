import t from 'tap'
import { scopes } from '../../../src/http/scopes.ts'
import { askToken, basic, grant, makeClient, tokenOf } from '../../support/clients.ts'
import { rpps } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, null)
const places = [await world.pharmacy(2), await world.pharmacy(1), await world.pharmacy(3)]
const numbers = places.map(({ finess }) => finess).toSorted()
const read = async (token: string, query = '') => must(200, await call('GET', `/v1/me${query}`, { token })).body

t.test('200: a client reads its name, its scopes, and its pharmacies a page at a time', async (t) => {
  const client = await makeClient(service, world.admin)
  for (const place of places) await grant(service, place, client)
  const token = await tokenOf(service, client, 'stock:read stock:write')
  const first = await read(token, '?limit=2')
  t.match(first, {
    role: 'pharmacy',
    subject: client.id,
    scopes: ['stock:read', 'stock:write'],
    territories: [],
    client: { id: client.id, name: 'Officine Logiciel' },
    professional: null,
  })
  const second = await read(token, `?limit=2&cursor=${first.pharmacies.nextCursor}`)
  const shown = [...first.pharmacies.items, ...second.pharmacies.items]
  t.strictSame(
    shown.map(({ finess }) => finess),
    numbers,
  )
  t.match(shown[0], { name: /^Pharmacie \d$/, status: 'active' })
  t.equal(second.pharmacies.nextCursor, null)
  const narrowed = await askToken(service, basic(client), { resource: `urn:gomask:pharmacy:${numbers[1]}` })
  t.match((await read(narrowed.body.access_token)).pharmacies.items, [{ finess: numbers[1] }])
})

t.test('200: a client without the scope of anything reads it; one that is suspended is 403', async (t) => {
  const client = await makeClient(service, world.admin, { scopes: ['rules:read'] })
  const token = await tokenOf(service, client)
  t.match(await read(token), { scopes: ['rules:read'], pharmacies: { items: [], nextCursor: null } })
  const body = { name: 'N', scopes: ['rules:read'], status: 'suspended' }
  must(200, await call('PUT', `/v1/clients/${client.id}`, { token: world.admin, body }))
  t.equal((await call('GET', '/v1/me', { token })).status, 403)
})

t.test('200: a professional reads what the directory says, and null if that is nothing', async (t) => {
  const nurse = await world.professional(1, { otherIds: [rpps(2)] })
  t.match(await read(nurse.token), {
    role: 'professional',
    subject: nurse.id,
    scopes: [...scopes],
    client: null,
    pharmacies: null,
    professional: { id: nurse.id, profession: '60', familyName: 'Martin1', otherIds: [rpps(2)], practice: CENTRE },
  })
  const stranger = await service.token({ role: 'professional', subject: rpps(9) })
  t.match(await read(stranger), { subject: rpps(9), professional: null })
})

t.test('200: a regulator reads its remit, an admin and a pharmacy’s own token what they are', async (t) => {
  const request = { role: 'regulator' as const, subject: 'ars', territories: ['FR-31'], professions: ['60'] }
  t.match(await read(await service.token(request)), { role: 'regulator', territories: ['FR-31'], professions: ['60'] })
  t.match(await read(world.admin), { role: 'admin', subject: 'admin', pharmacies: null })
  const own = await read(places[0]?.token ?? '')
  t.match(own, { role: 'pharmacy', client: null, pharmacies: { items: [{ finess: places[0]?.finess }] } })
})
