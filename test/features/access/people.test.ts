import t from 'tap'
import { logIn } from '../../support/log-in.ts'
import { finess, rpps } from '../../support/numbers.ts'
import { claimsFor, settingsOf, startWithIssuers } from '../../support/people.ts'
import { startProvider } from '../../support/provider.ts'
import { accessesTo } from '../../support/records.ts'
import { makeWorld, must } from '../../support/world.ts'

const provider = await startProvider(t)
const service = await startWithIssuers(t, [settingsOf(provider)])
const { call, db } = service
const world = await makeWorld(service)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 1_000))

const nurse = await world.professional(1)
const refused = { status: 401, body: { code: 'unauthenticated' } }
const entitlements = (token: string) => call('GET', '/v1/entitlements/me', { token })
const role = async (token: string) => {
  const [own, shelf] = [await entitlements(token), await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token })]
  return own.status === 200 ? 'professional' : shelf.status === 200 ? 'pharmacy' : `${own.status} ${shelf.status}`
}

t.test('a professional logs in at the provider, and reserves with the token it gives', async (t) => {
  provider.people.set('f:1:nurse', claimsFor(nurse.id))
  const token = await logIn(provider, 'f:1:nurse')
  const reserved = await world.reserve(token, { quantity: 2, pharmacy: place.finess })
  t.match(reserved, { status: 201, body: { quantity: 2, status: 'held' } })
  const { items } = (await call('GET', '/v1/reservations', { token: nurse.token })).body
  t.match(items, [{ id: reserved.body.id }], 'it is one person, whoever issued the token')
  t.match((await entitlements(token)).body.items, [{ product: 'ffp2' }, { product: 'surgical', held: 2 }])
})

t.test('where userinfo alone says who it is, the provider is asked once a token', async (t) => {
  provider.claimsIn = 'userinfo'
  const [token, later] = [await logIn(provider, 'f:1:nurse'), await logIn(provider, 'f:1:nurse')]
  provider.claimsIn = 'token'
  const before = provider.asked['/me']
  const answers = await Promise.all([1, 2, 3].map(() => entitlements(token)))
  t.same(
    [...answers, await entitlements(token)].map(({ status }) => status),
    [200, 200, 200, 200],
  )
  t.equal(provider.asked['/me'], before + 1)
  await provider.stop()
  t.equal((await entitlements(token)).status, 200, 'what it said is kept')
  const unavailable = { status: 503, body: { code: 'unavailable' }, headers: { 'retry-after': '2' } }
  t.match(await entitlements(later), unavailable, 'nobody is let in on a guess, and nobody sent away for good')
  await provider.start()
  t.equal((await entitlements(later)).status, 200)
})

t.test('401: userinfo is about another subject than the token, or takes the token for none', async (t) => {
  const bare = Object.fromEntries(Object.keys(claimsFor(nurse.id)).map((claim) => [claim, undefined]))
  t.equal((await entitlements(await provider.sign('f:1:nurse', bare))).status, 200)
  provider.people.set('f:1:other', claimsFor(nurse.id, { sub: 'f:1:nurse' }))
  t.match(await entitlements(await provider.sign('f:1:other', { ...bare, sub: 'f:1:other' })), refused)
  const kept = provider.people.get('f:1:nurse') ?? {}
  provider.people.delete('f:1:nurse')
  t.match(await entitlements(await provider.sign('f:1:nurse', { jti: 'anew' })), refused, 'it says nothing of use')
  provider.people.set('f:1:nurse', kept)
})

t.test('401: claims of another shape, and a login that was too weak', async (t) => {
  for (const wrong of [
    { SubjectNameID: 8 },
    { SubjectNameID: 'nobody' },
    { SubjectNameID: `8${rpps(1)}0` },
    { SubjectNameID: [`8${rpps(1)}`] },
    { SubjectRefPro: 'none' },
    { SubjectRefPro: { exercices: {} } },
    { SubjectRefPro: { exercices: [{ codeProfession: 60 }] } },
    { SubjectRefPro: { exercices: [{ codeProfession: '60', activities: [{ numeroFinessSite: 7 }] }] } },
    { otherIds: 'none' },
    { family_name: { first: 'Robert' } },
    { acr: 'eidas0' },
    { acr: ['eidas1'] },
  ]) {
    t.match(await entitlements(await provider.sign('f:1:nurse', wrong)), refused, JSON.stringify(wrong))
  }
  const strict = await startWithIssuers(t, [settingsOf(provider, { acrValues: ['eidas2', 'eidas3'] })])
  const ask = async (acr: string) =>
    (await strict.call('GET', '/v1/entitlements/me', { token: await provider.sign('f:1:nurse', { acr }) })).status
  t.same([await ask('eidas1'), await ask('eidas2'), await ask('eidas3')], [401, 200, 200])
})

t.test(
  'a pharmacist acts for the pharmacies of its activities that the directory knows, and for no others',
  async (t) => {
    const claims = (sites: (string | null)[], profession = '21') => claimsFor(rpps(21), { profession, finess: sites })
    const sign = async (sites: (string | null)[], profession?: string) =>
      role(await provider.sign('f:1:pharmacist', claims(sites, profession)))
    t.equal(await sign([place.finess]), 'pharmacy')
    t.equal(await sign(['', null, 'R100', finess(9), place.finess]), 'pharmacy')
    t.equal(await sign([]), 'professional')
    t.equal(await sign([finess(9)]), 'professional', 'unknown to the directory')
    t.equal(await sign([place.finess], '10'), 'professional', 'a doctor at a pharmacy is no pharmacist')
    const token = await provider.sign('f:1:pharmacist', claims([place.finess, other.finess]))
    const dispense = (pharmacy: string) => world.dispense({ finess: pharmacy, token }, nurse.id, 1, { pharmacy })
    t.same([(await dispense(place.finess)).status, (await dispense(other.finess)).status], [201, 201])
    t.match(await dispense(finess(9)), { status: 403, body: { code: 'forbidden' } })
  },
)

t.test('a pharmacist stands in records under a surrogate, the same after its records were merged', async (t) => {
  const { id } = await world.professional(3, { profession: '21' })
  provider.people.set('f:1:pharmacist', claimsFor(id, { profession: '21', finess: [place.finess] }))
  const token = await logIn(provider, 'f:1:pharmacist')
  const body = {
    professional: nurse.id,
    identityCheck: { method: 'cps_card' },
    lines: [{ product: 'surgical', quantity: 1 }],
  }
  const check = () => call('POST', '/v1/dispensation-checks', { token, body })
  const give = () => call('POST', '/v1/dispensations', { token, body, key: 'before-the-merge' })
  must(200, await check())
  const given = must(201, await give())
  await world.professional(4, { profession: '21', otherIds: [id] })
  must(200, await check())
  t.match(await give(), { body: { id: given.body.id }, headers: { 'idempotency-replayed': 'true' } })
  const readers = (await accessesTo(db, nurse.id)).map(({ reader }) => reader)
  t.equal(readers.length, 3, 'two checks, and the answer that was shown again')
  t.equal(new Set(readers).size, 1)
  t.match(readers[0], /^[0-9a-f-]{36}$/)
})
