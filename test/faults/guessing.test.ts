import t from 'tap'
import { rpps } from '../support/numbers.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { range } from '../support/tally.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const service = await startService(t, { RATE_LIMIT: 600, RATE_LIMIT_NOT_FOUND: 12 })
const { call } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 100))
const notFound = { status: 404, body: { code: 'not_found' } }
const limited = { status: 429, body: { code: 'rate_limited' }, headers: { 'retry-after': /^[1-9]\d?$/ } }

async function counted(kind: string): Promise<number> {
  return Number(
    new RegExp(`^gomask_refusals_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(await service.metrics())?.[1],
  )
}

t.test('ids guessed in a row: 404, then 429, and the metrics show it', async (t) => {
  const before = [await counted('not_found'), await counted('rate_limited')] as const
  const read = (token: string) => call('GET', `/v1/reservations/${seededUuid()}`, { token })
  for (const n of range(12)) t.match(await read(nurse.token), notFound, `guess ${n + 1}`)
  const refused = await read(nurse.token)
  t.match(refused, limited)
  t.match(refused.headers, { 'ratelimit-limit': 12, 'ratelimit-remaining': 0, 'ratelimit-reset': /^[1-9]/ })
  t.match(await call('GET', '/v1/reservations', { token: nurse.token }), limited, 'on every route')
  t.match(await read(place.token), notFound, 'another caller at the same address goes on')
  t.equal((await counted('not_found')) - before[0], 13)
  t.equal((await counted('rate_limited')) - before[1], 2)
})

t.test(
  'entries, people and routes that are not there count alike, and 12 is the least that stops anybody',
  async (t) => {
    const token = await service.token({ role: 'regulator', subject: 'curious', territories: ['FR-31'] })
    for (const n of range(4)) {
      t.match(await call('GET', `/v1/dispensations/${seededUuid()}`, { token }), notFound)
      t.match(await call('GET', `/v1/professionals/${rpps(900 + n)}/history`, { token }), notFound)
      t.match(await call('GET', `/v1/ledger/inclusion-proof?entry=${seededUuid()}`, { token }), notFound)
    }
    t.match(await call('GET', `/v1/dispensations/${seededUuid()}`, { token }), limited)
    for (const n of range(6)) t.match(await call('GET', `/nowhere-${n}`), notFound)
    for (const _ of range(6))
      t.equal((await call('DELETE', '/v1/products')).status, 405, 'a method that is not there too')
    t.equal((await service.app.inject({ url: '/nowhere' })).statusCode, 429, 'by address without a token')
    t.equal((await call('GET', '/nowhere', { address: '192.0.2.7' })).status, 404, 'another address goes on')
  },
)

t.test('wrong pick-up codes count for their caller too: looked up, in a check and at the counter', async (t) => {
  const person = await world.professional(2)
  const { body: hold } = must(201, await world.reserve(person.token, { quantity: 1, pharmacy: place.finess }))
  const before = await counted('pickup_code_wrong')
  const till = {
    ...place,
    token: await service.token({ role: 'pharmacy', subject: 'guesser', finess: [place.finess] }),
  }
  const reservations = [{ id: hold.id, pickupCode: '0000-0000' }]
  const lookUp = (pickupCode: string) =>
    call('POST', '/v1/reservations/lookup', { token: till.token, body: { pickupCode } })
  for (const n of range(8)) t.match(await lookUp(`0000-000${n}`), notFound)
  for (const _ of range(2)) {
    const body = dispensationBody(person.id, 1, { reservations })
    const checked = await call('POST', '/v1/dispensation-checks', { token: till.token, body })
    t.match(checked, { status: 200, body: { decision: 'refuse', code: 'pickup_code_wrong' } })
    t.match(await world.dispense(till, person.id, 1, { reservations }), { body: { code: 'pickup_code_wrong' } })
  }
  t.match(await lookUp(hold.pickupCode), limited, 'the right one is not looked at either')
  t.equal((await counted('pickup_code_wrong')) - before, 12)
})
