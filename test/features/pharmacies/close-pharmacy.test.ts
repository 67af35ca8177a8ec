import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { onServerOnly } from '../../support/database.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { letExpire } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { atOnce, range } from '../../support/tally.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 10)

const putAs = (status: string, finess: string) =>
  call('PUT', `/v1/pharmacies/${finess}`, {
    token: world.admin,
    body: { name: 'Pharmacie', address: '', ...CENTRE, territory: 'FR-31', status },
  })

for (const [nth, status] of ['closed', 'suspended'].entries()) {
  t.test(`a pharmacy that is ${status} keeps nobody’s entitlement`, async (t) => {
    const place = await world.pharmacy(1 + nth)
    const other = await world.pharmacy(11 + nth)
    for (const each of [place, other]) must(201, await world.count(each, 100))
    const nurse = await world.professional(1 + nth)
    const { body: hold } = must(201, await world.reserve(nurse.token, { quantity: 10, pharmacy: place.finess }))
    must(409, await world.dispense(other, nurse.id, 10))

    must(200, await putAs(status, place.finess))
    const { body: after } = await call('GET', `/v1/reservations/${hold.id}`, { token: nurse.token })
    t.match(after, { status: 'cancelled', cancellationReason: `pharmacy_${status}` })
    t.equal((await world.dispense(other, nurse.id, 10)).status, 201)
    const told = await rows(
      db,
      'told',
      sql`select ids from events where type = 'reservation.cancelled' and subject = ${hold.id}`,
    )
    t.match(told, [{ ids: { pharmacy: place.finess, product: 'surgical' } }])
    t.match((await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: world.regulator })).body, {
      items: [{ onHand: 100, held: 0, available: 100 }],
    })

    must(200, await putAs('active', place.finess))
    t.equal((await call('GET', `/v1/reservations/${hold.id}`, { token: nurse.token })).body.status, 'cancelled')
  })
}

t.test('a reservation that had expired unseen is expired, not cancelled', async (t) => {
  const place = await world.pharmacy(5)
  must(201, await world.count(place, 100))
  const nurse = await world.professional(5)
  const { body: hold } = must(201, await world.reserve(nurse.token, { quantity: 5, pharmacy: place.finess }))
  await letExpire(db, hold.id)
  must(200, await putAs('closed', place.finess))
  t.equal((await call('GET', `/v1/reservations/${hold.id}`, { token: nurse.token })).body.status, 'expired')
})

t.test('reservations and cancellations that race a closing leave none behind', { skip: onServerOnly }, async (t) => {
  const nurses = await Promise.all(range(12).map((n) => world.professional(20 + n)))
  for (const n of range(6)) {
    const place = await world.pharmacy(20 + n)
    must(201, await world.count(place, 1000))
    const attempts = [
      ...nurses.map((nurse) => async () => {
        const made = await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })
        if (made.status === 201)
          await call('POST', `/v1/reservations/${made.body.id}/cancellation`, { token: nurse.token })
        return made
      }),
      ...nurses.map((nurse) => () => world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })),
    ]
    attempts.splice(6, 0, () => putAs('closed', place.finess))
    const answers = await atOnce(attempts, (attempt) => attempt())
    t.equal(answers[6]?.status, 200)
    t.ok(answers.every(({ status }) => status < 500))
    const left = sql`select id from reservations where status = 'held' and pharmacy = ${place.finess}`
    t.strictSame(await rows(db, 'left', left), [])
  }
  await invariantsHold(t, db)
})
