import t from 'tap'
import { rows } from '../../src/db/query.ts'
import { openServer } from '../../src/db/server.ts'
import { sql } from '../../src/db/sql.ts'
import { onServerOnly, PATIENT } from '../support/database.ts'
import { letPass } from '../support/monotonic.ts'
import { seededUuid } from '../support/seed.ts'
import { startBeside, startService } from '../support/service.ts'
import { dispensationBody, makeWorld, must, ruleBody } from '../support/world.ts'

t.test('several processes on one database behave as one', { skip: onServerOnly }, async (t) => {
  const here = await startService(t)
  // Connections of its own, as another process has.
  const db = openServer(here.url ?? '', { connections: 5, timeouts: PATIENT, onError: () => {} })
  t.teardown(() => db.close())
  const there = await startBeside(t, { ...here, db })
  const world = await makeWorld(here, 40)
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 100))
  const remainingThere = async () =>
    must(200, await there.call('GET', '/v1/entitlements/me', { token: nurse.token })).body.items[0]?.remaining

  await t.test(
    'a rule published by one decides at the other’s very next request, and so does its withdrawal',
    async (t) => {
      t.equal(await remainingThere(), 40)
      const narrower = { territory: 'FR-31', cap: 6 }
      for (let round = 0; round < 3; round++) {
        const rule = must(
          201,
          await here.call('POST', '/v1/allocation-rules', { token: world.admin, body: ruleBody(narrower) }),
        )
        t.equal(await remainingThere(), 6)
        must(200, await here.call('POST', `/v1/allocation-rules/${rule.body.id}/withdrawal`, { token: world.admin }))
        t.equal(await remainingThere(), 40)
      }
    },
  )

  await t.test('what one did the other shows at once, and answers again under the same key', async (t) => {
    const key = seededUuid()
    const body = { product: 'surgical', quantity: 10 }
    const reserve = { token: nurse.token, key, body }
    const held = must(201, await here.call('POST', '/v1/reservations', reserve))
    t.match(await there.call('POST', '/v1/reservations', reserve), {
      status: 201,
      headers: { 'idempotency-replayed': 'true' },
      body: { id: held.body.id },
    })
    t.equal(await remainingThere(), 30)

    const collect = {
      token: place.token,
      key: seededUuid(),
      body: dispensationBody(nurse.id, 10, {
        reservations: [{ id: held.body.id, pickupCode: held.body.pickupCode }],
      }),
    }
    const collected = must(201, await there.call('POST', '/v1/dispensations', collect))
    t.match(await here.call('POST', '/v1/dispensations', collect), {
      status: 201,
      headers: { 'idempotency-replayed': 'true' },
      body: { id: collected.body.id, entryHash: collected.body.entryHash },
    })
    const shelf = must(200, await here.call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token }))
    t.match(shelf.body.items, [{ product: 'surgical', onHand: 90, held: 0, available: 90 }])
  })

  await t.test('each event is written once, whichever did the work', async (t) => {
    const found = await rows<{ type: string; many: number }>(
      db,
      'events_of_a_test',
      sql`select type, count(*)::int as many from (select type from events union all select type from event_log) as told
          where type in ('reservation.created', 'reservation.collected', 'dispensation.recorded') group by type order by type`,
    )
    t.strictSame(found, [
      { type: 'dispensation.recorded', many: 1 },
      { type: 'reservation.collected', many: 1 },
      { type: 'reservation.created', many: 1 },
    ])
  })

  await t.test('somebody whom one suspends is refused by the other within a second', async (t) => {
    const suspend = { profession: '60', familyName: 'Martin', givenName: 'Camille', otherIds: [], status: 'suspended' }
    must(200, await there.call('PUT', `/v1/professionals/${nurse.id}`, { token: world.admin, body: suspend }))
    letPass(t, 1_000)
    const refused = await here.call('GET', '/v1/entitlements/me', { token: nurse.token })
    t.match(refused, { status: 403, body: { code: 'professional_suspended' } })
  })
})
