import t from 'tap'
import { adeli } from '../../support/numbers.ts'
import { letExpire } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t, { MAX_LIVE_HOLDS: 30 })
const { call, db } = service
const world = await makeWorld(service, 1_000)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 1_000))
const nurse = await world.professional(1, { otherIds: [adeli(1)] })
const colleague = await world.professional(2)

const hold = async (token = nurse.token, pharmacy = place.finess) =>
  must(201, await world.reserve(token, { quantity: 5, pharmacy })).body
const read = (id: string, token: string | undefined) => call('GET', `/v1/reservations/${id}`, { token })
const list = (token: string | undefined, query = '') => call('GET', `/v1/reservations${query}`, { token })

const held = await hold()
const cancelled = await hold()
must(200, await call('POST', `/v1/reservations/${cancelled.id}/cancellation`, { token: nurse.token }))
const expired = await hold()
await letExpire(db, expired.id)
const collected = await hold()
const reservations = [{ id: collected.id, pickupCode: collected.pickupCode }]
must(201, await world.dispense(place, nurse.id, 3, { reservations }))

/** A reservation but for its voucher's signature, which is another each time. */
const signedAnew = ({ voucher, ...rest }: { voucher?: string }) => ({ ...rest, isVouched: voucher !== undefined })

t.test('200: its professional sees each state, with the code', async (t) => {
  t.strictSame(signedAnew((await read(held.id, nurse.token)).body), signedAnew(held), 'as when it was made')
  t.match((await read(cancelled.id, nurse.token)).body, {
    status: 'cancelled',
    cancellationReason: /./,
    pickupCode: cancelled.pickupCode,
  })
  t.match((await read(expired.id, nurse.token)).body, { status: 'expired' }, 'though no job has run')
  t.match((await read(collected.id, nurse.token)).body, { status: 'collected', quantity: 5, collectedQuantity: 3 })
})

t.test('200: under another of its numbers too', async (t) => {
  const token = await service.token({ role: 'professional', subject: `0${adeli(1)}` })
  t.strictSame(signedAnew((await read(held.id, token)).body), signedAnew(held))
})

t.test('200: its pharmacy sees it without the code, and never for whom it is', async (t) => {
  const { status, body } = await read(held.id, place.token)
  const { pickupCode: _, distanceMetres: __, voucher: ___, ...shown } = held
  t.strictSame([status, body], [200, shown])
  const { items } = (await list(place.token)).body
  t.equal(items.length, 4)
  for (const secret of ['pickupCode', 'distanceMetres', 'voucher', collected.pickupCode, nurse.id])
    t.notMatch(JSON.stringify(items), secret)
})

t.test('200: lists are newest first, by status if said', async (t) => {
  const ids = async (query: string, token = nurse.token) =>
    must(200, await list(token, query)).body.items.map(({ id }: { id: string }) => id)
  t.strictSame(await ids(''), [collected.id, expired.id, cancelled.id, held.id])
  for (const [status, { id }] of Object.entries({ held, cancelled, expired, collected })) {
    t.strictSame(await ids(`?status=${status}`), [id], status)
    t.strictSame(await ids(`?status=${status}`, place.token), [id], `${status}, at the pharmacy`)
  }
  t.strictSame(await ids('', colleague.token), [], 'nobody else’s')
  t.strictSame(await ids('', other.token), [])
})

t.test('200: 20 a page if not said, and cursors lead through all, each once', async (t) => {
  for (const _ of range(22)) await hold(colleague.token, other.finess)
  for (const token of [colleague.token, other.token]) {
    const first = (await list(token)).body
    const second = (await list(token, `?cursor=${first.nextCursor}`)).body
    t.strictSame([first.items.length, second.items.length, second.nextCursor], [20, 2, null])
    const all = (await list(token, '?limit=100')).body.items
    t.strictSame([...first.items, ...second.items].map(signedAnew), all.map(signedAnew))
  }
})

t.test('a token for several pharmacies names one in lists: 400 without it, 403 for another', async (t) => {
  const token = await service.token({ role: 'pharmacy', subject: 'group', finess: [place.finess, other.finess] })
  t.match(await list(token), { status: 400, body: { errors: [{ path: 'pharmacy' }] } })
  t.equal((await list(token, `?pharmacy=${place.finess}`)).body.items.length, 4)
  t.match(await list(place.token, `?pharmacy=${other.finess}`), { status: 403, body: { code: 'forbidden' } })
  t.equal((await read(held.id, token)).status, 200, 'one reservation names its pharmacy itself')
})

t.test('404: another’s reservation is as if it were not there', async (t) => {
  const nowhere = await read(seededUuid(), nurse.token)
  t.match(nowhere, { status: 404, body: { code: 'not_found' } })
  for (const token of [colleague.token, other.token]) {
    t.match(await read(held.id, token), { status: 404, body: { code: 'not_found', detail: nowhere.body.detail } })
  }
})

t.test('400: a status that there is not, a forged cursor, an id that is none', async (t) => {
  for (const [query, path] of [
    ['?status=lost', 'status'],
    ['?limit=0', 'limit'],
    ['?limit=1000000', 'limit'],
    ['?cursor=bm90IG91cnM', 'cursor'],
    ['?pharmacy=1', 'pharmacy'],
  ] as const) {
    t.match(await list(place.token, query), { status: 400, body: { errors: [{ path }] } }, query)
  }
  t.match(await read('1', nurse.token), { status: 400, body: { errors: [{ path: 'id' }] } })
})

t.test('401 without a token; 403 for regulators, the admin and suspended callers', async (t) => {
  t.equal((await list(undefined)).status, 401)
  t.equal((await read(held.id, undefined)).status, 401)
  for (const token of [world.regulator, world.admin]) {
    t.match(await list(token), { status: 403, body: { code: 'forbidden' } })
    t.match(await read(held.id, token), { status: 403, body: { code: 'forbidden' } })
  }
  const suspended = await world.professional(3, { status: 'suspended' })
  t.match(await list(suspended.token), { status: 403, body: { code: 'professional_suspended' } })
  const closed = await world.pharmacy(3, { status: 'suspended' })
  t.match(await list(closed.token), { status: 403, body: { code: 'pharmacy_suspended' } })
})
