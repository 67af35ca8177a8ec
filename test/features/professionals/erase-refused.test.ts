import t from 'tap'
import { chainOf, order, someone, underRule } from '../../support/erasure.ts'
import { adeli, rpps } from '../../support/numbers.ts'
import { letExpire } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const DAY_MS = 86_400_000
const path = (id: string) => `/v1/professionals/${id}/erasure`

t.test('with no days of retention', async (t) => {
  const service = await startService(t, { LEDGER_RETENTION_DAYS: 0 })
  const { call } = service
  const world = await makeWorld(service, null)
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 1_000))
  const erase = (id: string) => call('POST', path(id), { token: world.admin, body: order })

  await t.test('409: while a hand-over counts in the window of a rule, even of a later one', async (t) => {
    const nurse = await world.professional(1)
    const given = await underRule(service, world, async () => must(201, await world.dispense(place, nurse.id, 4)).body)
    const refused = await underRule(service, world, () => erase(nurse.id))
    const until = new Date(Date.parse(given.dispensedAt) + 7 * DAY_MS).toISOString()
    t.match(refused, { status: 409, body: { code: 'retention_running', until } })
    t.notMatch(JSON.stringify(refused.body), nurse.id)
    t.match(await call('GET', `/v1/dispensations/${given.id}`, { token: place.token }), {
      body: { professional: nurse.id },
    })
    t.equal((await erase(nurse.id)).status, 200, 'nothing was done, and nothing counts it any more')
  })

  await t.test('409: with no end known while it counts in what is given once', async (t) => {
    const nurse = await world.professional(2)
    await underRule(service, world, async () => must(201, await world.dispense(place, nurse.id, 4)))
    const once = await world.rule({ cap: 100, window: { kind: 'once' } })
    t.match(await erase(nurse.id), { status: 409, body: { code: 'retention_running', until: null } })
    const withdrawal = { token: world.admin, body: {} }
    must(200, await call('POST', `/v1/allocation-rules/${once.id}/withdrawal`, withdrawal))
    t.equal((await erase(nurse.id)).status, 200)
  })

  await t.test(
    '409: of somebody without a practice, by the rules of every territory that it was served in',
    async (t) => {
      const nurse = await world.professional(3, { practice: undefined })
      await underRule(service, world, async () => must(201, await world.dispense(place, nurse.id, 4)))
      const here = await world.rule({ territory: 'FR-31' })
      t.match(await erase(nurse.id), { status: 409, body: { code: 'retention_running' } })
      must(200, await call('POST', `/v1/allocation-rules/${here.id}/withdrawal`, { token: world.admin, body: {} }))
      await world.rule({ territory: 'FR-29' })
      t.equal((await erase(nurse.id)).status, 200)
    },
  )

  await t.test(
    '200: the erasure of somebody without a practice lies in the remit that its entries lay in',
    async (t) => {
      const nurse = await world.professional(4, { practice: undefined })
      const given = await underRule(
        service,
        world,
        async () => must(201, await world.dispense(place, nurse.id, 4)).body,
      )
      must(200, await erase(nurse.id))
      const erasure = (await chainOf(service, given.id)).at(-1)
      t.match(JSON.parse(Buffer.from(erasure?.canonical ?? '', 'hex').toString()).slice(9, 11), ['60', ['FR-31', null]])
    },
  )

  await t.test('200: who was never served leaves no entry, and an expired hold expires as any', async (t) => {
    const nurse = await world.professional(5)
    const hold = await underRule(
      service,
      world,
      async () => must(201, await world.reserve(nurse.token, { quantity: 2 })).body,
    )
    await letExpire(service.db, hold.id)
    t.match((await erase(nurse.id)).body, { records: 1, numbers: 1, entries: 0, answers: 1, reservations: 0 })
    const read = await call('GET', `/v1/reservations/${hold.id}`, { token: place.token })
    t.match(read.body, { status: 'expired' })
    const entries = await service.db.foreign(
      `select from ledger_entries e join reservations r using (person_id) where r.id = '${hold.id}'`,
    )
    t.equal(entries.rows.length, 0)
  })

  await t.test('404 for nobody, 400 without authority or reason, 401 and 403 for anybody but the admin', async (t) => {
    const nurse = await world.professional(6)
    t.match(await erase(rpps(999)), { status: 404, body: { code: 'not_found' } })
    for (const [body, wrong] of [
      [{ reason: 'R' }, 'authority'],
      [{ authority: 'A' }, 'reason'],
      [{ ...order, reason: ' ' }, 'reason'],
      [{ ...order, authority: 'A'.repeat(141) }, 'authority'],
      [{ ...order, force: true }, 'body'],
    ] as const) {
      const answer = await call('POST', path(nurse.id), { token: world.admin, body })
      t.match(answer, { status: 400, body: { errors: [{ path: wrong }] } })
    }
    t.match(await erase('123'), { status: 400, body: { errors: [{ path: 'id' }] } })
    t.equal((await call('POST', path(nurse.id), { body: order })).status, 401)
    for (const token of [nurse.token, place.token, world.regulator]) {
      t.match(await call('POST', path(nurse.id), { token, body: order }), { status: 403, body: { code: 'forbidden' } })
    }
  })

  await world.professional(7)
  await testWrite(t, service, {
    method: 'POST',
    path: path(rpps(7)),
    body: order,
    other: { path: path(rpps(7)), body: { ...order, reason: 'Another' } },
    status: 200,
  })
})

t.test('409: three years after the newest entry, if nothing else is said, whichever record it is in', async (t) => {
  const service = await startService(t)
  const { call } = service
  const world = await makeWorld(service, null)
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 1_000))
  const nurse = await world.professional(1)
  const older = { token: world.admin, body: { ...someone, practice: { ...CENTRE, territory: 'FR-31' } } }
  must(201, await call('PUT', `/v1/professionals/${adeli(1)}`, older))
  const given = await underRule(service, world, async () => must(201, await world.dispense(place, adeli(1), 4)).body)
  const merge = { token: world.admin, body: { ...someone, otherIds: [adeli(1)] } }
  must(200, await call('PUT', `/v1/professionals/${nurse.id}`, merge))
  const until = new Date(Date.parse(given.recordedAt) + 1095 * DAY_MS).toISOString()
  const refused = await call('POST', path(nurse.id), { token: world.admin, body: order })
  t.match(refused, { status: 409, body: { code: 'retention_running', until } })
})
