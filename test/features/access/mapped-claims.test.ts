import t from 'tap'
import { remember } from '../../../src/http/issuers/remembered.ts'
import { adeli, finess, rpps } from '../../support/numbers.ts'
import { settingsOf, startWithIssuers } from '../../support/people.ts'
import { startProvider } from '../../support/provider.ts'
import { makeWorld } from '../../support/world.ts'

const provider = await startProvider(t)
const profile = {
  identifier: 'rpps',
  otherIds: 'numbers',
  profession: 'https://example.org/profession',
  finess: 'sites',
}
const service = await startWithIssuers(t, [settingsOf(provider, { profile })])
const world = await makeWorld(service)
const place = await world.pharmacy(1)

const claims = { rpps: rpps(1), [profile.profession]: '60', given_name: 'Camille' }
const ask = async (more: object, path = '/v1/entitlements/me') =>
  (await service.call('GET', path, { token: await provider.sign('somebody', { ...claims, ...more }) })).status
const shelf = `/v1/pharmacies/${place.finess}/stock`

t.test('an issuer whose claims are mapped by their names says who calls', async (t) => {
  t.equal(await ask({}), 200)
  t.equal(await ask({ rpps: `8${rpps(1)}`, numbers: adeli(1), acr: 'anything' }), 200)
  t.equal(await ask({ rpps: adeli(1) }), 200, 'the number that came with the other one')
  t.equal(await ask({ rpps: rpps(2), [profile.profession]: ['21', '10'], sites: ['', place.finess] }, shelf), 200)
  t.equal(await ask({ rpps: rpps(2), [profile.profession]: '21', sites: place.finess }, shelf), 200)
  t.equal(await ask({ rpps: rpps(2), [profile.profession]: '21', sites: [finess(2)] }, shelf), 403)
  t.equal(await ask({ sites: [place.finess] }, shelf), 403, 'no pharmacist')
})

t.test('401: claims of another shape', async (t) => {
  for (const wrong of [
    { rpps: undefined },
    { rpps: 99_700_000_011 },
    { numbers: ['none'] },
    { [profile.profession]: 60 },
    { sites: [7] },
    { given_name: 'x'.repeat(101) },
  ]) {
    t.equal(await ask(wrong), 401, JSON.stringify(wrong))
  }
})

t.test('what is remembered is asked once, for its time, unless it failed; the least used makes room', async (t) => {
  const kept = remember<number>(2)
  let asked = 0
  const get = (key: string, lasts = 60_000) => kept.get(key, lasts, async () => ++asked)
  t.same(await Promise.all([get('a'), get('a')]), [1, 1])
  t.same([await get('b'), await get('c'), await get('b'), await get('a')], [2, 3, 2, 4])
  t.same([await get('d', 0), await get('d')], [5, 6])
  const failing = () => kept.get('e', 60_000, async () => Promise.reject(new Error('away')))
  await t.rejects(failing(), { message: 'away' })
  t.equal(await get('e'), 7)
})
