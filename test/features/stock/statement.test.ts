import { DateTime } from 'luxon'
import t from 'tap'
import { readStatement } from '../../../src/domain/statement.ts'
import { publishLog } from '../../support/log.ts'
import { finess } from '../../support/numbers.ts'
import { type Answer, startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const ZONE = 'Europe/Paris'
const service = await startService(t)
const { call, db, signers } = service
const world = await makeWorld(service, 1_000_000)
await world.rule({ beneficiaries: [{ profession: '10' }], cap: 1_000_000 })
const partner = await world.pharmacy(999)

const statement = (number: string, token: string, from: string, to: string, accept?: string): Promise<Answer> =>
  call('GET', `/v1/pharmacies/${number}/statement?from=${from}&to=${to}`, {
    token,
    ...(accept && { headers: { accept } }),
  })
// Of yesterday and today, in case midnight comes in between.
const lately = (zone = ZONE) => {
  const now = DateTime.now().setZone(zone)
  return [now.minus({ days: 1 }).toISODate(), now.plus({ days: 1 }).toISODate()] as [string, string]
}

/** A pharmacy where each kind of thing happens once, losses and slips among them that a count had seen. */
async function eventfulPharmacy(n: number) {
  const place = await world.pharmacy(n)
  const [nurse, doctor] = [await world.professional(n), await world.professional(n + 500, { profession: '10' })]
  const stock = `/v1/pharmacies/${place.finess}/stock`
  const move = async (kind: string, quantity: number, more = {}) => {
    const body = { product: 'surgical', kind, quantity, occurredAt: minutesAgo(0), ...more }
    return must(201, await call('POST', `${stock}-movements`, { token: place.token, key: true, body })).body
  }
  const reverse = async (id: string, kind: string) => {
    const path = `/v1/dispensations/${id}/reversal`
    return must(201, await call('POST', path, { token: place.token, key: true, body: { kind } })).body
  }
  await move('delivery', 100)
  await move('transfer_in', 20, { counterparty: partner.finess })
  await move('transfer_out', 5, { counterparty: partner.finess })
  await move('return_to_supplier', 7)
  const slip = must(201, await world.dispense(place, nurse.id, 9)).body
  const back = must(201, await world.dispense(place, doctor.id, 4)).body
  must(201, await world.dispense(place, doctor.id, 6))
  await reverse(back.id, 'returned')
  must(200, await world.count(place, 90))
  // The count has seen the slip's masks, which never left.
  await reverse(slip.id, 'entry_error')
  await move('loss', 3, { occurredAt: minutesAgo(2) })
  await move('loss', 500)
  return { ...place, doctor, nurse }
}

const eventful = await eventfulPharmacy(1)

t.test('200: each movement stands in one column, and opening and changes are closing', async (t) => {
  const { body } = must(200, await statement(eventful.finess, eventful.token, ...lately()))
  t.match(body, { pharmacy: eventful.finess, timeZone: ZONE, overrides: 0, late: 0, checkpoint: null })
  t.same(body.items, [
    {
      product: 'surgical',
      opening: 0,
      deliveries: 100,
      transfersIn: 20,
      transfersOut: 5,
      dispensed: 19,
      reversed: 4 + 9,
      losses: 3 + 90,
      returns: 7,
      // The count found 90 instead of 93; then it takes back a slip of 9 and a loss of 3 that it had seen.
      countDifferences: -3 - 9 + 3,
      discrepancies: 0,
      closing: 0,
      dispensedByProfession: [
        { profession: '10', quantity: 10 },
        { profession: '60', quantity: 9 },
      ],
    },
  ])
})

t.test('200 as CSV: a row for each product, no member left out', async (t) => {
  const { body, headers } = must(200, await statement(eventful.finess, eventful.token, ...lately(), 'text/csv'))
  t.match(headers, { 'content-type': 'text/csv; charset=utf-8', vary: /Accept/ })
  const [names = '', row = '', end] = (body as string).split('\n')
  const cells = row.slice(1, -1).split('","')
  t.same(Object.fromEntries(names.split(',').map((name, nth) => [name, cells[nth]])), {
    product: 'surgical',
    opening: '0',
    deliveries: '100',
    transfersIn: '20',
    transfersOut: '5',
    dispensed: '19',
    reversed: '13',
    losses: '93',
    returns: '7',
    countDifferences: '-9',
    discrepancies: '0',
    closing: '0',
    dispensedByProfession: '10=10 60=9',
  })
  t.equal(end, '')
})

t.test('200 as a signed note: the same figures, with the checkpoint that they include', async (t) => {
  await publishLog(db, signers[0])
  const { body: told } = must(200, await statement(eventful.finess, eventful.token, ...lately()))
  const { body: note, headers } = must(200, await statement(eventful.finess, eventful.token, ...lately(), 'text/plain'))
  t.equal(headers['content-type'], 'text/plain; charset=utf-8')
  const read = readStatement(note, signers)
  t.same(read.items, told.items)
  const [, size, root] = told.checkpoint.split('\n')
  t.match(read, { origin: 'test', pharmacy: eventful.finess, checkpoint: { size: Number(size), root } })
  t.throws(() => readStatement(note.replace('closing 0', 'closing 1'), signers), /changed after it was signed/)
})

t.test('200: an override is told, and by profession a regulator is told of its remit', async (t) => {
  const place = await world.pharmacy(2)
  must(201, await world.count(place, 50))
  const [nurse, doctor] = [await world.professional(2), await world.professional(502, { profession: '10' })]
  await world.rule({ cap: 1, beneficiaries: [{ profession: '60' }], territory: 'FR-31', validFrom: minutesAgo(1) })
  must(201, await world.dispense(place, doctor.id, 2))
  must(201, await world.dispense(place, nurse.id, 3, { override: { reasonCode: 'emergency' } }))
  const nurses = { role: 'regulator' as const, subject: 'oni', territories: ['FR-31'], professions: ['60'] }
  const { body } = must(200, await statement(place.finess, await service.token(nurses), ...lately()))
  t.match(body, { overrides: 1, items: [{ dispensed: 5, dispensedByProfession: [{ profession: '60', quantity: 3 }] }] })
  t.equal(body.items[0].dispensedByProfession.length, 1)
})

t.test('days are those of the pharmacy’s territory', async (t) => {
  const place = await world.pharmacy(3, { territory: 'FR-974' })
  const deliver = async (occurredAt: string) => {
    const body = { product: 'surgical', kind: 'delivery', quantity: 1, occurredAt }
    const path = `/v1/pharmacies/${place.finess}/stock-movements`
    must(201, await call('POST', path, { token: place.token, key: true, body }))
  }
  // In Réunion 4 hours ahead of UTC, all year.
  await deliver('2026-03-09T19:59:59.999Z')
  await deliver('2026-03-09T20:00:00.000Z')
  await deliver('2026-03-10T19:59:59.999Z')
  await deliver('2026-03-10T20:00:00.000Z')
  const { body } = must(200, await statement(place.finess, place.token, '2026-03-10', '2026-03-10'))
  t.match(body, { timeZone: 'Indian/Reunion', items: [{ opening: 1, deliveries: 2, closing: 3 }] })
})

t.test('404 outside the remit and for no pharmacy, 403 for another’s, 400 for what is no period', async (t) => {
  const bretagne = await service.token({ role: 'regulator', subject: 'ars-bre', territories: ['FR-BRE'] })
  t.match(await statement(eventful.finess, bretagne, ...lately()), { status: 404, body: { code: 'not_found' } })
  t.equal((await statement(finess(98), world.regulator, ...lately())).status, 404)
  t.equal((await statement(eventful.finess, partner.token, ...lately())).status, 403)
  for (const [from, to, path] of [
    ['2026-03-10', '2026-03-09', 'to'],
    ['2025-01-01', '2026-01-02', 'to'],
    ['2026-02-30', '2026-03-01', 'from'],
    ['2026-03-10T00:00:00Z', '2026-03-10', 'from'],
  ] as const) {
    const wrong = await statement(eventful.finess, eventful.token, from, to)
    t.match(wrong, { status: 400, body: { errors: [{ path }] } }, `${from} ${to}`)
  }
  t.equal((await statement(eventful.finess, eventful.token, '2025-01-01', '2026-01-01')).status, 200, '366 days')
})
