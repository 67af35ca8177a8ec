import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { askToken, basic, grant, makeClient, tokenOf } from '../../support/clients.ts'
import { finess } from '../../support/numbers.ts'
import { seededUuid } from '../../support/seed.ts'
import { startBeside, startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, null)
const { admin } = world
const forbidden = { status: 403, body: { code: 'forbidden' } }
const notFound = { status: 404, body: { code: 'not_found' } }

async function vendor(name = 'Officine Logiciel') {
  const client = await makeClient(service, admin, { name })
  return { ...client, token: await tokenOf(service, client) }
}
const ask = (token: string, pharmacy: string, key?: string) =>
  call('POST', '/v1/consents', { token, body: { pharmacy }, ...(key && { key }) })
const accept = (token: string, id: string, code: string) =>
  call('POST', `/v1/consents/${id}/acceptance`, { token, body: { code } })
const refuse = (token: string, id: string) => call('POST', `/v1/consents/${id}/refusal`, { token })
const list = async (token: string, query = '') =>
  must(200, await call('GET', `/v1/consents${query}`, { token })).body.items as { id: string; status: string }[]
const stock = async (token: string, pharmacy: string) =>
  (await call('GET', `/v1/pharmacies/${pharmacy}/stock`, { token })).status

t.test('a client asks, the pharmacy accepts with the code, and the client’s live token works for it', async (t) => {
  const [client, place] = [await vendor(), await world.pharmacy(1)]
  const asked = must(201, await ask(client.token, place.finess)).body
  t.match(asked, {
    client: { id: client.id, name: 'Officine Logiciel', scopes: /stock:write/ },
    pharmacy: { finess: place.finess, name: 'Pharmacie 1' },
    status: 'pending',
    answeredAt: null,
    code: /^[\w-]{27}$/,
  })
  t.notOk('link' in asked, 'there is no address to name')
  t.equal(Date.parse(asked.expiresAt) - Date.parse(asked.askedAt), 14 * 86_400_000)
  t.equal(await stock(client.token, place.finess), 403)
  const accepted = must(200, await accept(place.token, asked.id, asked.code)).body
  t.match(accepted, { id: asked.id, status: 'accepted', answeredAt: /./ })
  t.equal(await stock(client.token, place.finess), 200)
  t.strictSame(must(200, await accept(place.token, asked.id, asked.code)).body, accepted, 'again: the same')
  t.match(await refuse(place.token, asked.id), {
    status: 409,
    body: { code: 'consent_ended', consentStatus: 'accepted' },
  })
  const acts = must(200, await call('GET', `/v1/audit/admin-acts?object=${client.id}`, { token: world.regulator })).body
    .items
  t.match(acts.slice(0, 3), [
    { act: 'acceptConsent', object: { kind: 'consent' }, after: { outcome: 'accepted' } },
    { act: 'acceptConsent', object: { kind: 'grant' }, by: { role: 'pharmacy' } },
    { act: 'askConsent', object: { kind: 'consent' }, withheld: ['code_hash'] },
  ])
  const ofBoth = JSON.stringify([...service.logged, acts, await list(client.token), await list(place.token)])
  t.notOk(ofBoth.includes(asked.code), 'the code is nowhere else')
})

t.test('nobody accepts for a pharmacy that is not theirs, nor without the code', async (t) => {
  const [client, other, place, stranger] = [
    await vendor(),
    await vendor(),
    await world.pharmacy(2),
    await world.pharmacy(3),
  ]
  const { id, code } = must(201, await ask(client.token, place.finess)).body
  t.match(await accept(stranger.token, id, code), notFound)
  t.match(await refuse(stranger.token, id), notFound)
  t.match(await call('GET', `/v1/consents/${id}`, { token: stranger.token }), notFound)
  t.strictSame(await list(stranger.token), [])
  await grant(service, place, other)
  for (const { token } of [client, other]) {
    t.match(await accept(token, id, code), forbidden, 'by a grant as little as for itself')
    t.match(await refuse(token, id), forbidden)
  }
  t.match(await call('GET', `/v1/consents/${id}`, { token: other.token }), notFound, 'nor reads what others ask')
  for (const wrong of ['x', code.toLowerCase() === code ? code.toUpperCase() : code.toLowerCase(), `${code}A`]) {
    t.match(await accept(place.token, id, wrong), notFound)
  }
  t.match(await accept(place.token, seededUuid(), code), notFound)
  for (const token of [admin, world.regulator]) t.match(await accept(token, id, code), forbidden)
  t.equal((await call('GET', `/v1/consents/${id}`, { token: place.token })).body.status, 'pending')
  t.equal(await stock(client.token, place.finess), 403)
})

t.test('a pharmacy refuses without a code; the client reads it and may ask anew', async (t) => {
  const [client, place] = [await vendor(), await world.pharmacy(4)]
  const first = must(201, await ask(client.token, place.finess)).body
  const refused = must(200, await refuse(place.token, first.id)).body
  t.equal(refused.status, 'refused')
  t.strictSame(must(200, await refuse(place.token, first.id)).body, refused)
  t.match(await accept(place.token, first.id, first.code), { status: 409, body: { code: 'consent_ended' } })
  const second = must(201, await ask(client.token, place.finess)).body
  const third = must(201, await ask(client.token, place.finess)).body
  t.match(await accept(place.token, second.id, second.code), { status: 409, body: { consentStatus: 'replaced' } })
  const statuses = (await list(client.token)).map(({ id, status }) => [id, status])
  t.strictSame(statuses, [
    [third.id, 'pending'],
    [second.id, 'replaced'],
    [first.id, 'refused'],
  ])
  t.match(await list(place.token, '?status=pending'), [{ id: third.id }])
  t.match(await list(place.token, '?status=refused&limit=1'), [{ id: first.id }])
  for (const _ of range(2)) must(201, await ask(client.token, place.finess))
  t.match(await ask(client.token, place.finess), { status: 429, headers: { 'retry-after': /^\d{4,5}$/ } }, 'five a day')
})

t.test('409: it expires after two weeks, whether or not any job has run', async (t) => {
  const [client, place] = [await vendor(), await world.pharmacy(5)]
  const { id, code } = must(201, await ask(client.token, place.finess)).body
  await rows(
    service.db,
    'age',
    sql`insert into consents (id, client_id, finess, code_hash, asked_at, expires_at)
        select ${seededUuid()}::uuid, client_id, ${finess(4)}, code_hash, asked_at - interval '15 days', expires_at - interval '15 days'
        from consents where id = ${id}::uuid`,
  )
  const [old] = await list(client.token, '?status=expired')
  const owner = await service.token({ role: 'pharmacy', subject: 'till', finess: [finess(4)] })
  t.match(await accept(owner, old?.id ?? '', code), { status: 409, body: { consentStatus: 'expired' } })
  t.equal((await ask(client.token, finess(4))).status, 201, 'it can ask anew')
})

t.test(
  'the link leads to the public address, with the code where no server is told; a retry shows neither',
  async (t) => {
    const beside = await startBeside(t, {
      ...service,
      config: { ...service.config, PUBLIC_URL: 'https://masks.example.org' },
    })
    const [client, place] = [await vendor(), await world.pharmacy(6)]
    const sent = { token: client.token, body: { pharmacy: place.finess }, key: 'ask-once' }
    const { id, code, link } = must(201, await beside.call('POST', '/v1/consents', sent)).body
    t.equal(link, `https://masks.example.org/consents/${id}#${code}`)
    const again = await beside.call('POST', '/v1/consents', sent)
    t.match(again, { status: 201, headers: { 'idempotency-replayed': 'true' }, body: { id } })
    t.notOk('code' in again.body || 'link' in again.body)
  },
)

t.test('403: only a client asks, for itself, and not with a narrowed token; 404: no such pharmacy', async (t) => {
  const [client, place] = [await vendor(), await world.pharmacy(7)]
  for (const token of [place.token, admin]) t.match(await ask(token, place.finess), forbidden)
  await grant(service, place, client)
  const narrowed = await askToken(service, basic(client), { resource: `urn:gomask:pharmacy:${place.finess}` })
  t.match(await ask(narrowed.body.access_token, finess(8)), forbidden)
  t.match(await ask(client.token, finess(99)), notFound)
  const regulator = await makeClient(service, admin, { role: 'regulator', scopes: ['audit:read'], territories: ['FR'] })
  t.match(await ask(await tokenOf(service, regulator), place.finess), forbidden)
})

t.test('of many asked and answered at once, one is open and one is accepted', async (t) => {
  const [client, place] = [await vendor(), await world.pharmacy(8)]
  const asked = await Promise.all(range(5).map(() => ask(client.token, place.finess)))
  t.same(new Set(asked.map(({ status }) => status)), new Set([201]))
  const answers = await Promise.all(asked.map(({ body }) => accept(place.token, body.id, body.code)))
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409])
})

t.test('answers keep what every write promises', async (t) => {
  const place = await world.pharmacy(9)
  const caller = { role: 'pharmacy' as const, subject: 'answers', finess: [place.finess] }
  const open = async () => must(201, await ask((await vendor()).token, place.finess)).body
  const [one, other, third, fourth] = [await open(), await open(), await open(), await open()]
  await testWrite(t, service, {
    caller,
    method: 'POST',
    path: `/v1/consents/${one.id}/acceptance`,
    body: { code: one.code },
    other: { path: `/v1/consents/${other.id}/acceptance`, body: { code: other.code } },
    status: 200,
  })
  await testWrite(t, service, {
    caller: { ...caller, subject: 'refusals' },
    method: 'POST',
    path: `/v1/consents/${third.id}/refusal`,
    other: { path: `/v1/consents/${fourth.id}/refusal` },
    status: 200,
  })
})
