import { readFile } from 'node:fs/promises'
import t from 'tap'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { asOwner, keepWhole } from '../support/records.ts'
import { startService } from '../support/service.ts'
import { minutesAgo } from '../support/times.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 1_000))
const nurse = await world.professional(1)

const till = (...finess: string[]) => service.token({ role: 'pharmacy', subject: 'till', finess })
const replayed = { headers: { 'idempotency-replayed': 'true' } }
const scopes = () => rows<{ scope: string }>(db, 'scopes', sql`select scope from idempotency_keys order by scope`)

t.test('a retry replays, though its caller came to act for more pharmacies, or fewer, in between', async (t) => {
  const [one, both] = [await till(place.finess), await till(place.finess, other.finess)]
  for (const [key, first, then] of [
    ['more', one, both],
    ['fewer', both, one],
  ] as const) {
    const body = dispensationBody(nurse.id, 1, { pharmacy: place.finess })
    const given = must(201, await call('POST', '/v1/dispensations', { token: first, key, body }))
    const retried = await call('POST', '/v1/dispensations', { token: then, key, body })
    t.match(retried, { status: 201, body: { id: given.body.id }, ...replayed }, key)
  }
  t.equal((await call('GET', '/v1/professionals/me/history', { token: nurse.token })).body.items.length, 2)
})

t.test('keys that an earlier release stored without the pharmacy are found in their new place', async (t) => {
  const [token, both] = [await till(place.finess), await till(place.finess, other.finess)]
  const given = must(201, await world.dispense({ ...place, token }, nurse.id, 1)).body
  const held = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })).body
  const shelf = `/v1/pharmacies/${place.finess}/stock`
  const loss = { product: 'surgical', kind: 'loss', quantity: 1, occurredAt: minutesAgo(0) }
  const writes = [
    ['POST', '/v1/dispensations', dispensationBody(nurse.id, 1, { pharmacy: place.finess })],
    ['POST', `/v1/dispensations/${given.id}/reversal`, { kind: 'returned' }],
    ['POST', `${shelf}-movements`, loss],
    ['PUT', `${shelf}/surgical`, { onHand: 500, countedAt: minutesAgo(0) }],
    ['POST', `/v1/reservations/${held.id}/cancellation`, { reason: 'Closed for the day' }],
  ] as const
  for (const [method, path, body] of writes) {
    const key = `old ${path}`.replaceAll(' ', '-')
    const { status, body: answer } = await call(method, path, { token, key, body })
    t.ok(status === 200 || status === 201, `${path} ${status}`)
    await keepWhole(db, key, answer)
  }
  const after = await scopes()

  await asOwner(
    db,
    `update idempotency_keys set made = null, response = json_build_object('id', made, 'pharmacy', '${place.finess}')
       where made is not null;
     update idempotency_keys set scope = replace(scope, chr(10) || '${place.finess}', '') where scope ~ 'pharmacy';
     drop index idempotency_keys_of_professionals`,
  )
  t.notSame(await scopes(), after)
  await asOwner(db, await readFile(new URL('../../migrations/0013_key_scopes.sql', import.meta.url), 'utf8'))
  t.same(await scopes(), after)
  for (const [method, path, body] of writes) {
    const retried = await call(method, path, { token: both, key: `old ${path}`.replaceAll(' ', '-'), body })
    t.match(retried, replayed, path)
  }
})

t.test('a key that stands in both places stays in both', async (t) => {
  const legacy = ['gomask', 'pharmacy', 'till'].join('\n')
  const copy = `insert into idempotency_keys (scope, key, request_hash, status, made, response)
    select '${legacy}', key, request_hash, status, made, response from idempotency_keys where key = 'more';
    drop index idempotency_keys_of_professionals`
  await asOwner(db, copy)
  await asOwner(db, await readFile(new URL('../../migrations/0013_key_scopes.sql', import.meta.url), 'utf8'))
  t.equal((await scopes()).filter(({ scope }) => scope === legacy).length, 1)
})
