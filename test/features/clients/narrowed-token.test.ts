import { decodeJwt } from 'jose'
import t from 'tap'
import { askToken, basic, grant, makeClient } from '../../support/clients.ts'
import { finess } from '../../support/numbers.ts'
import { startBeside, startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
const nurse = await world.professional(1)
const places = [await world.pharmacy(1), await world.pharmacy(2), await world.pharmacy(3)].map(({ finess }) => finess)
const [one = '', two = '', three = ''] = places
const client = await makeClient(service, world.admin)
for (const place of [one, two, three]) await grant(service, { finess: place, token: world.admin }, client)

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const urn = (pharmacy: string) => `urn:gomask:pharmacy:${pharmacy}`
/** Asks for a token, naming each resource in a parameter of its own, as RFC 8707 has it. */
function narrow(resources: string[], from = service) {
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  for (const each of resources) form.append('resource', each)
  return from.call('POST', '/oauth/token', { headers: { ...FORM, ...basic(client) }, body: form.toString() })
}
const tokenFor = async (...pharmacies: string[]) =>
  must(200, await narrow(pharmacies.map(urn))).body.access_token as string
const stock = async (token: string, pharmacy: string) =>
  (await call('GET', `/v1/pharmacies/${pharmacy}/stock`, { token })).status

t.test('200: a token narrowed to a pharmacy acts for that alone, and need not name it', async (t) => {
  const token = await tokenFor(one)
  t.strictSame(decodeJwt(token).aud, ['gomask', urn(one)])
  t.strictSame([await stock(token, one), await stock(token, two)], [200, 403])
  must(
    201,
    await call('PUT', `/v1/pharmacies/${one}/stock/surgical`, { token, body: { onHand: 9, countedAt: new Date() } }),
  )
  const handed = await call('POST', '/v1/dispensations', { token, key: true, body: dispensationBody(nurse.id, 1) })
  t.match(handed, { status: 201, body: { pharmacy: one } })
  const elsewhere = dispensationBody(nurse.id, 1, { pharmacy: two })
  t.equal((await call('POST', '/v1/dispensations', { token, key: true, body: elsewhere })).status, 403)
})

t.test('200: one narrowed to several acts for these; the same one twice is one', async (t) => {
  const token = await tokenFor(one, two, one)
  t.strictSame([await stock(token, one), await stock(token, two), await stock(token, three)], [200, 200, 403])
})

t.test('a grant that is withdrawn is gone from narrowed tokens already out', async (t) => {
  const [token, whole] = [await tokenFor(three), must(200, await askToken(service, basic(client))).body.access_token]
  t.equal(await stock(token, three), 200)
  must(200, await call('POST', `/v1/pharmacies/${three}/grants/${client.id}/withdrawal`, { token: world.admin }))
  t.strictSame([await stock(token, three), await stock(whole, three), await stock(whole, one)], [403, 403, 200])
  t.match(await narrow([urn(three)]), { status: 400, body: { error: 'invalid_target' } })
})

t.test('400 invalid_target: a pharmacy that does not grant it, no pharmacy, too many, another role', async (t) => {
  for (const resources of [
    [urn(finess(9))],
    [urn(one), urn(finess(9))],
    [urn('123')],
    [urn('')],
    ['https://masks.example.org'],
    [''],
    range(51).map((n) => urn(finess(n))),
  ]) {
    t.match(await narrow(resources), { status: 400, body: { error: 'invalid_target' } }, resources.join())
  }
  const admin = await makeClient(service, world.admin, { role: 'admin', scopes: ['rules:read'] })
  t.match(await askToken(service, basic(admin), { resource: urn(one) }), { body: { error: 'invalid_target' } })
})

t.test(
  '429: tokens narrowed to a pharmacy are limited for each; what cannot be had counts for the client',
  async (t) => {
    const limited = await startBeside(t, {
      ...service,
      config: { ...service.config, RATE_LIMIT: 600, RATE_LIMIT_TOKENS: 2 },
    })
    const ask = (pharmacy: string) => narrow([urn(pharmacy)], limited)
    for (const _ of range(2)) t.equal((await ask(one)).status, 200)
    t.match(await ask(one), { status: 429, headers: { 'retry-after': /./ } })
    t.equal((await ask(two)).status, 200, 'another goes on')
    for (const n of [8, 9]) t.equal((await ask(finess(n))).status, 400)
    t.equal((await ask(finess(10))).status, 429)
    t.equal((await ask(two)).status, 200)
  },
)
