import { randomUUID } from 'node:crypto'
import t from 'tap'
import { grant, makeClient, tokenOf } from '../../support/clients.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { adeli } from '../../support/numbers.ts'
import { refusalsOn } from '../../support/records.ts'
import { startBeside, startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t, { OFFLINE_MAX_DAYS: 10 }, { connections: 5 })
const { call, db } = service
const world = await makeWorld(service, 100)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 1_000))
const nurse = await world.professional(1)
const batches = `/v1/pharmacies/${place.finess}/offline-batches`

// biome-ignore lint/suspicious/noExplicitAny: some items are wrong on purpose.
type Item = any
const send = async (items: Item[], token = place.token) =>
  must(200, await call('POST', batches, { token, body: { items } })).body.items
const outcomesOf = async (items: Item[]) =>
  (await send(items)).map(({ outcome, status }: { outcome: string; status: number }) => `${outcome} ${status}`)
const handOver = (quantity: number, minutes = 60, more: object = {}): Item => ({
  key: randomUUID(),
  kind: 'dispensation',
  body: { ...dispensationBody(nurse.id, quantity), dispensedAt: minutesAgo(minutes), ...more },
})
const online = ({ key, kind, body }: Item, more: object = {}) => {
  const { finess } = place
  const sent = { token: place.token, key, body: { ...body, ...more } }
  if (kind === 'dispensation') return call('POST', '/v1/dispensations', sent)
  if (kind === 'movement') return call('POST', `/v1/pharmacies/${finess}/stock-movements`, sent)
  const { product, ...count } = sent.body
  return call('PUT', `/v1/pharmacies/${finess}/stock/${product}`, { ...sent, body: count })
}
const timeless = ({ body: { dispensedAt: _, ...body }, ...item }: Item): Item => ({ ...item, body })
const movement: Item = { kind: 'movement', body: { product: 'surgical', kind: 'delivery', quantity: 10 } }
const count: Item = { kind: 'count', body: { product: 'surgical', onHand: 500 } }
const at = (item: Item, time: string): Item => ({
  ...item,
  key: randomUUID(),
  body: { ...item.body, [item.kind === 'count' ? 'countedAt' : 'occurredAt']: time },
})

t.test('what is sent online and off, in either order, at once or twice, happens once', async (t) => {
  for (const item of [handOver(1), at(movement, minutesAgo(30)), at(count, minutesAgo(20))]) {
    const { kind } = item
    const [first] = must(200, await call('POST', batches, { token: place.token, body: { items: [item] } })).body.items
    t.equal(first.outcome, 'recorded', kind)
    const [again] = await send([item])
    t.same(again, { ...first, outcome: 'replayed' }, `${kind}: again`)
    const answer = await online(kind === 'dispensation' ? timeless(item) : item)
    t.equal(answer.headers['idempotency-replayed'], 'true', `${kind}: online afterwards`)
    t.same(answer.body, first.answer)
  }
  for (const item of [handOver(2), at(movement, minutesAgo(3)), at(count, minutesAgo(0))]) {
    const { kind } = item
    const first = await online(kind === 'dispensation' ? timeless(item) : item)
    const [later] = await send([item])
    t.match(later, { outcome: 'replayed', status: first.status, flags: [] }, `${kind}: online before`)
    t.same(later.answer, first.body)
  }
  const twice = handOver(3)
  t.same(await outcomesOf([twice, { ...twice, body: { ...twice.body, dispensedAt: minutesAgo(1) } }]), [
    'recorded 201',
    'replayed 201',
  ])
  const many = Array.from({ length: 4 }, () => handOver(1))
  const [one, two, three] = await Promise.all([send(many), send(many.toReversed()), online(timeless(many[0]))])
  const ids = [...one, ...two.toReversed()].map(({ answer }: Item) => answer.id)
  t.same(ids.slice(0, 4), ids.slice(4))
  t.equal(three.body.id, ids[0])
  const { items } = (await call('GET', '/v1/dispensations?limit=100', { token: place.token })).body
  t.equal(items.length, 7)
})

t.test('a key that came with something else is refused, whichever came first', async (t) => {
  const item = handOver(1)
  const other = { ...item, body: { ...item.body, lines: [{ product: 'surgical', quantity: 2 }] } }
  t.same(await outcomesOf([item, other, { ...at(movement, minutesAgo(1)), key: item.key }]), [
    'recorded 201',
    'refused 422',
    'refused 422',
  ])
})

t.test('a reversal names the hand-over by its key, and comes after it whatever the clocks say', async (t) => {
  const item = handOver(9, 60)
  const reversal = (dispensation: string, minutes: number, more: object = {}): Item => ({
    key: randomUUID(),
    kind: 'reversal',
    body: { dispensation, kind: 'returned', occurredAt: minutesAgo(minutes), ...more },
  })
  const part = reversal(item.key, 70, { lines: [{ product: 'surgical', quantity: 4 }] })
  const [back, made] = await send([part, item])
  t.match(back, { outcome: 'recorded', answer: { kind: 'reversal', reverses: made.answer.id }, flags: ['late'] })
  t.same(await outcomesOf([part]), ['replayed 201'])
  const sent = { token: place.token, key: part.key, body: { kind: 'returned', lines: part.body.lines } }
  const again = await call('POST', `/v1/dispensations/${made.answer.id}/reversal`, sent)
  t.equal(again.headers['idempotency-replayed'], 'true')
  t.same(await outcomesOf([reversal(made.answer.id, 1), reversal(made.answer.id, 1)]), ['recorded 201', 'refused 409'])
  t.match((await refusalsOn(db, nurse.id)).at(-1), { code: 'reversal_exceeds_dispensed' })
  const theirs = must(201, await world.dispense(other, nurse.id, 1)).body.id
  t.same(await outcomesOf([reversal(theirs, 1), reversal('no-such-key', 1), reversal(randomUUID(), 1)]), [
    'refused 404',
    'refused 404',
    'refused 404',
  ])
})

t.test('only what cannot be right is refused, and holds up nothing else', async (t) => {
  const theirs = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: other.finess })).body
  const reservations = [{ id: theirs.id, pickupCode: theirs.pickupCode }]
  const wrong: [what: string, item: Item, problem: object][] = [
    ['wrong check digits', handOver(1, 1, { professional: '10000000001' }), { status: 400, code: 'invalid_request' }],
    ['an unknown field', handOver(1, 1, { colour: 'blue' }), { errors: [{ message: 'unknown field colour' }] }],
    ['no time', timeless(handOver(1)), { errors: [{ path: 'dispensedAt', message: 'required' }] }],
    ['the future', handOver(1, -6), { code: 'dispensed_at_out_of_range' }],
    ['too old', handOver(1, 10 * 24 * 60 + 1), { detail: 'dispensedAt: lies more than 10 days back' }],
    ['too old a movement', at(movement, minutesAgo(20_000)), { errors: [{ path: 'occurredAt' }] }],
    ['a count of the future', at(count, minutesAgo(-6)), { errors: [{ path: 'countedAt' }] }],
    ['another pharmacy’s reservation', handOver(1, 1, { reservations }), { status: 404 }],
    ['another pharmacy', handOver(1, 1, { pharmacy: other.finess }), { errors: [{ path: 'pharmacy' }] }],
    ['no such product', handOver(1, 1, { lines: [{ product: 'x', quantity: 1 }] }), { status: 400 }],
    ['no such pack', handOver(1, 1, { lines: [{ gtin: '4006381333931', boxes: 1 }] }), { status: 409 }],
    ['no such kind', { ...handOver(1), kind: 'gift' }, { errors: [{ path: 'kind' }] }],
    ['no key', { ...handOver(1), key: 'é' }, { errors: [{ path: 'key' }] }],
    ['nothing', null, { status: 400 }],
  ]
  const right = handOver(1, 2)
  const items = await send([...wrong.map(([, item]) => item), right])
  for (const [index, [what, , problem]] of wrong.entries()) {
    t.match(items[index], { outcome: 'refused', problem, flags: [] }, what)
    t.equal('answer' in items[index], false)
  }
  t.equal(items.at(-1).outcome, 'recorded')
  const many = Array.from({ length: 501 }, () => null)
  t.equal((await call('POST', batches, { token: place.token, body: { items: many } })).status, 400)
  t.equal((await call('POST', batches, { token: place.token, body: { items: [] } })).status, 400)
  const long = [{ key: 'k'.repeat(1_048_576) }]
  t.equal((await call('POST', batches, { token: place.token, body: { items: long } })).status, 413)
  const old = handOver(1, 1, { professional: adeli(1) })
  t.match(await send([old]), [{ flags: ['unverified'] }], 'an ADELI number has no check digit')
})

t.test('403: for another pharmacy, another role, and items beyond a client’s scopes', async (t) => {
  for (const token of [other.token, nurse.token, world.regulator, world.admin]) {
    t.equal((await call('POST', batches, { token, body: { items: [handOver(1)] } })).status, 403)
  }
  const till = async (scopes: string[]) => {
    const client = await makeClient(service, world.admin, { scopes })
    await grant(service, place, client)
    return tokenOf(service, client)
  }
  const selling = await till(['dispensations:write'])
  const [sold, moved] = await send([handOver(1), at(movement, minutesAgo(1))], selling)
  t.match([sold, moved], [{ outcome: 'recorded' }, { outcome: 'refused', problem: { code: 'forbidden' } }])
  const counting = await till(['stock:write'])
  t.equal((await call('POST', batches, { token: counting, body: { items: [handOver(1)] } })).status, 403)
})

t.test('429: a batch counts as one request for every ten of its items, once it is let in', async (t) => {
  const limited = await startBeside(t, { ...service, config: { ...service.config, RATE_LIMIT: 5 } })
  const token = await limited.token({ role: 'pharmacy', subject: 'till', finess: [place.finess] })
  const post = (items: number) =>
    limited.call('POST', batches, { token, body: { items: Array.from({ length: items }, () => null) } })
  t.same((await post(10)).headers['ratelimit-remaining'], 4)
  t.equal((await post(500)).status, 200, 'whatever it counts for')
  t.equal((await post(1)).status, 429)
})

t.test('and every invariant holds', (t) => invariantsHold(t, db))
