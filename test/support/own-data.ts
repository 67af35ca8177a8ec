import { adeli } from './numbers.ts'
import type { Service } from './service.ts'
import { CENTRE, dispensationBody, makeWorld, must } from './world.ts'

/** What the directory says of somebody, as no other test says it. */
export const ZEPHIRINE = { familyName: 'Quatresous', givenName: 'Zéphirine', speciality: 'Sélénologie' }

/** Somebody with two records that were merged and something of every kind, and a colleague with as much. */
export async function makePeople(service: Service) {
  const { call } = service
  const world = await makeWorld(service, 20)
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 1_000))
  const practice = { latitude: 43.612345, longitude: 1.467891, territory: 'FR-31' }
  const person = { profession: '60', ...ZEPHIRINE, status: 'active', practice }
  const nurse = await world.professional(1, person)
  const colleague = await world.professional(2, {
    familyName: 'Trentesous',
    practice: { ...CENTRE, territory: 'FR-31' },
  })
  const put = (id: string, otherIds: string[]) =>
    call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...person, otherIds } })
  must(201, await put(adeli(1), []))
  must(201, await world.dispense(place, adeli(1), 1))
  for (const { id, token } of [nurse, colleague]) {
    const at = { token: place.token, headers: { 'x-operator': 'counter-2' }, key: true } as const
    const override = { reasonCode: 'emergency', note: `Afflux ${id.slice(-4)}` }
    const given = await call('POST', '/v1/dispensations', { ...at, body: dispensationBody(id, 25, { override }) })
    const back = { kind: 'returned', note: 'The box was open', lines: [{ product: 'surgical', quantity: 20 }] }
    must(201, await call('POST', `/v1/dispensations/${must(201, given).body.id}/reversal`, { ...at, body: back }))
    must(409, await call('POST', '/v1/dispensations', { ...at, body: dispensationBody(id, 500) }))
    const ended = must(201, await world.reserve(token, { quantity: 2, pharmacy: place.finess })).body
    must(200, await call('POST', `/v1/reservations/${ended.id}/cancellation`, { ...at, body: { reason: 'damaged' } }))
    must(201, await world.reserve(token, { quantity: 3 }))
    must(200, await call('GET', `/v1/professionals/${id}/history`, { token: world.regulator }))
  }
  must(200, await put(nurse.id, [adeli(1)]))
  must(200, await call('GET', '/v1/reservations', { token: place.token }))
  return { world, place, nurse, colleague, numbers: [nurse.id, adeli(1)] }
}
