import t from 'tap'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 5))

t.test('a problem is in French where that is preferred, else in English, and says which', async (t) => {
  for (const [accepted, language] of [
    [undefined, 'en'],
    ['fr', 'fr'],
    ['fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7', 'fr'],
    ['en-GB,en;q=0.9,fr;q=0.8', 'en'],
    ['fr-CA, en', 'fr'],
    ['de, fr;q=0.5', 'fr'],
    ['de', 'en'],
    ['*', 'en'],
    ['fr;q=0, de', 'en'],
    ['', 'en'],
    [';;q=x', 'en'],
  ] as const) {
    const answer = await call('GET', '/v1/nothing', {
      headers: accepted === undefined ? {} : { 'accept-language': accepted },
    })
    const title = language === 'fr' ? 'Introuvable' : 'Not Found'
    t.match(answer, { status: 404, body: { code: 'not_found', title } }, `«${accepted}»`)
    t.match(answer.headers, { 'content-language': language, vary: /Accept-Language/ }, `«${accepted}»`)
  }
})

t.test('what a pharmacist reads is written the French way, the time in the zone that judges', async (t) => {
  must(201, await world.dispense(place, nurse.id, 5))
  must(200, await world.count(place, 1_000))
  const body = { professional: nurse.id, identityCheck: { method: 'cps_card' } }
  const asked = { ...body, lines: [{ product: 'surgical', quantity: 900_000 }] }
  const headers = { 'accept-language': 'fr' }
  const refused = await call('POST', '/v1/dispensations', { token: place.token, key: true, body: asked, headers })
  t.match(refused, { status: 409, body: { code: 'entitlement_exceeded', title: 'Conflit' } })
  t.match(refused.body.detail, /^Il reste [\d\u202f]+\u00a0masques? surgical sur [\d\u202f]+ pour la période en cours/)
  const wrong = { ...body, lines: [{ product: 'surgical', quantity: 1_000_001 }] }
  const invalid = await call('POST', '/v1/dispensations', { token: place.token, key: true, body: wrong, headers })
  t.match(invalid.body, {
    title: 'Requête incorrecte',
    detail: 'lines[0].quantity\u00a0: doit être inférieur ou égal à 1\u202f000\u202f000',
    errors: [{ path: 'lines[0].quantity', message: 'doit être inférieur ou égal à 1\u202f000\u202f000' }],
  })
})
