import t from 'tap'
import { finess, rpps } from '../../support/numbers.ts'
import { letExpire, refusalsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { UUID_V7 } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)

const onShelf = async ({ finess, token }: { finess: string; token: string }) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock`, { token })).body.items[0]

t.test('409 too_many_holds: at most two live ones a professional and product', async (t) => {
  const place = await world.pharmacy(40)
  const nurse = await world.professional(40)
  for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 20, product))
  const reserve = (product = 'surgical') => world.reserve(nurse.token, { product, quantity: 1, pharmacy: place.finess })
  const [first, second] = [must(201, await reserve()).body, must(201, await reserve()).body]
  t.match(await reserve(), { status: 409, body: { code: 'too_many_holds' } })
  t.equal((await reserve('ffp2')).status, 201, 'another product has its own')
  must(200, await call('POST', `/v1/reservations/${first.id}/cancellation`, { token: nurse.token }))
  const third = await reserve()
  t.equal(third.status, 201, 'a cancelled one makes room')
  await letExpire(db, second.id)
  t.equal((await reserve()).status, 201, 'an expired one too')
  t.match(await reserve(), { status: 409, body: { code: 'too_many_holds' } })
})

t.test(
  '409 entitlement_exceeded: what was received and what is held count, with the rule and its source',
  async (t) => {
    const place = await world.pharmacy(50)
    const nurse = await world.professional(50)
    must(201, await world.count(place, 500))
    const given = must(201, await world.dispense(place, nurse.id, 30)).body
    const held = must(201, await world.reserve(nurse.token, { quantity: 50, pharmacy: place.finess })).body
    const answer = await world.reserve(nurse.token, { quantity: 21, pharmacy: place.finess })
    t.match(answer, {
      status: 409,
      body: {
        code: 'entitlement_exceeded',
        remaining: [{ product: 'surgical', quantity: 20 }],
        resetsAt: held.expiresAt,
        rule: { id: UUID_V7, source: { title: 'A rule for tests', reference: 'TEST-1', url: null } },
      },
    })
    t.match(await refusalsOn(db, nurse.id), [
      { verb: 'reservation', code: 'entitlement_exceeded', pharmacy: place.finess, rule: answer.body.rule.id },
    ])
    t.match(
      await world.reserve(nurse.token, { quantity: 71, pharmacy: place.finess }),
      { body: { resetsAt: new Date(Date.parse(given.dispensedAt) + 7 * 86_400_000).toISOString() } },
      'more than the hold takes up comes with the end of what was received',
    )
    t.match(await world.reserve(nurse.token, { quantity: 101, pharmacy: place.finess }), { body: { resetsAt: null } })
    t.equal((await world.reserve(nurse.token, { quantity: 20, pharmacy: place.finess })).status, 201)
  },
)

t.test('409: no rule, another profession, an unknown professional, a product no longer distributed', async (t) => {
  const place = await world.pharmacy(60)
  const product = (code: string, active: boolean) =>
    call('PUT', `/v1/products/${code}`, { token: world.admin, body: { name: code, kind: 'mask', packs: [], active } })
  must(201, await product('child', true))
  must(201, await product('cloth', false))
  const nurse = await world.professional(60)
  const doctor = await world.professional(61, { profession: '10' })
  const stranger = await service.token({ role: 'professional', subject: rpps(999) })
  const reserve = (token: string, body: object = {}) =>
    world.reserve(token, { quantity: 1, pharmacy: place.finess, ...body })
  t.match(await reserve(nurse.token, { product: 'child' }), { status: 409, body: { code: 'no_rule_in_force' } })
  t.match(await reserve(doctor.token), { status: 409, body: { code: 'profession_not_entitled' } })
  t.match(await reserve(stranger), { status: 409, body: { code: 'professional_unknown' } })
  t.match(await reserve(nurse.token, { product: 'cloth' }), { status: 409, body: { code: 'product_inactive' } })
  t.match(await refusalsOn(db, nurse.id), [{ code: 'no_rule_in_force' }, { code: 'product_inactive' }])
  t.match(await refusalsOn(db, doctor.id), [{ code: 'profession_not_entitled' }])
  t.match(await refusalsOn(db, null), [{ verb: 'reservation', code: 'professional_unknown', pharmacy: place.finess }])
})

t.test('400: wrong fields are refused by name, and nothing is held', async (t) => {
  const place = await world.pharmacy(90)
  const nurse = await world.professional(90)
  must(201, await world.count(place, 20))
  const reserve = (body: object) => world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess, ...body })
  for (const [body, path] of [
    ...[0, -1, 1.5, 1_000_001, '5', null].map((quantity) => [{ quantity }, 'quantity'] as const),
    [{ product: undefined }, 'product'],
    [{ product: 'unknown' }, 'product'],
    [{ pharmacy: '310000000' }, 'pharmacy'],
    [{ near: { latitude: 91, longitude: 0 } }, 'near.latitude'],
    [{ near: { latitude: 0, longitude: -181 } }, 'near.longitude'],
    [{ near: { latitude: 0 } }, 'near.longitude'],
    [{ near: '43.6,1.4' }, 'near'],
    [{ maxDistanceMetres: -1 }, 'maxDistanceMetres'],
    [{ maxDistanceMetres: 1e9 }, 'maxDistanceMetres'],
  ] as const) {
    t.match(await reserve(body), { status: 400, body: { code: 'invalid_request', errors: [{ path }] } }, path)
  }
  t.match(
    await reserve({ professional: rpps(1) }),
    { status: 400, body: { detail: /professional/ } },
    'for somebody else',
  )
  const keyless = { token: nurse.token, body: { product: 'surgical', quantity: 1 } }
  t.match(await call('POST', '/v1/reservations', keyless), { status: 400, body: { code: 'idempotency_key_missing' } })
  t.match(await onShelf(place), { held: 0 })
})

t.test('401 without a token; 403 for every other role, and a professional that is suspended', async (t) => {
  const place = await world.pharmacy(91)
  const suspended = await world.professional(91, { status: 'suspended' })
  t.match(await world.reserve('', { quantity: 1 }), { status: 401, body: { code: 'unauthenticated' } })
  for (const token of [place.token, world.admin, world.regulator]) {
    t.match(await world.reserve(token, { quantity: 1 }), { status: 403, body: { code: 'forbidden' } })
  }
  t.match(await world.reserve(suspended.token, { quantity: 1 }), {
    status: 403,
    body: { code: 'professional_suspended' },
  })
})

t.test('404: a named pharmacy that is not in the directory', async (t) => {
  const nurse = await world.professional(92)
  const answer = await world.reserve(nurse.token, { quantity: 1, pharmacy: finess(999) })
  t.match(answer, { status: 404, body: { code: 'not_found' } })
})
