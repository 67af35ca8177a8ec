import t from 'tap'
import { finessNumber } from '../../src/domain/identifiers.ts'
import { entryAbout, entryId, ledgerStart } from './set/entries.ts'
import { isStocked } from './set/fill-places.ts'
import { placesOf } from './set/places.ts'
import { share } from './set/random.ts'
import { scales } from './set/sizes.ts'

const places = placesOf({ pharmacies: 2_000 })

t.test('the set is the same at each call', async (t) => {
  t.same(placesOf({ pharmacies: 2_000 }).pharmacies, places.pharmacies)
  t.same(placesOf({ pharmacies: 2_000 }).practice(7), places.practice(7))
})

t.test('every pharmacy has a FINESS number of its own, in its département', async (t) => {
  const wrong = places.pharmacies.filter(
    ({ finess, territory }) => !finessNumber(finess) || territory !== `FR-${finess.slice(0, 2)}`,
  )
  t.same(wrong, [])
  t.equal(new Set(places.pharmacies.map(({ finess }) => finess)).size, 2_000)
})

t.test('pharmacies stand as people live: the more in the greater town', async (t) => {
  const inDepartment = (code: string) => places.pharmacies.filter(({ territory }) => territory === code).length
  t.ok(inDepartment('FR-75') > 50)
  t.ok(inDepartment('FR-48') < 5)
})

t.test('a region has about as many pharmacies an inhabitant as the country, all of them in it', async (t) => {
  const { pharmacies, departments } = scales.small
  const inRegion = placesOf(scales.small).pharmacies
  t.same(
    inRegion.filter(({ territory }) => !departments.some((code) => territory === `FR-${code}`)),
    [],
  )
  const ofCountry = placesOf(scales.national).pharmacies.filter(({ territory }) =>
    departments.some((code) => territory === `FR-${code}`),
  )
  const ratio = pharmacies / ofCountry.length
  t.ok(ratio > 0.8 && ratio < 1.25, `${pharmacies} in the region's set, ${ofCountry.length} there in the country's`)
})

t.test('a practice is next to the pharmacy that it is said to be near', async (t) => {
  const far = [...Array(200).keys()].filter((n) => {
    const { latitude, nearPharmacy } = places.practice(n)
    return Math.abs(latitude - (places.pharmacies[nearPharmacy]?.latitude ?? 0)) > 1
  })
  t.ok(far.length < 10, `${far.length} of 200 are more than a degree away`)
})

t.test('about as many shelves are stocked as the product says', async (t) => {
  const stocked = (product: 'surgical' | 'ffp2' | 'ffp3') =>
    places.pharmacies.filter((_, nth) => isStocked(nth, product)).length
  t.ok(Math.abs(stocked('surgical') - 1_000) < 60, `${stocked('surgical')} of 2000 at 50 %`)
  t.ok(Math.abs(stocked('ffp2') - 100) < 30, `${stocked('ffp2')} of 2000 at 5 %`)
  t.ok(stocked('ffp3') >= 3 && stocked('ffp3') <= 20, `${stocked('ffp3')} of 2000 at 0.5 %`)
})

t.test('what looks like chance is spread evenly', async (t) => {
  const mean = [...Array(10_000).keys()].reduce((sum, n) => sum + share('a test', n), 0) / 10_000
  t.ok(Math.abs(mean - 0.5) < 0.02)
})

t.test('entries lie in the ten weeks before the present one, their ids in the order of time', async (t) => {
  const now = Date.parse('2026-11-22T10:00:00Z')
  const start = ledgerStart(now)
  t.equal(new Date(start).toISOString(), '2026-09-07T00:00:00.000Z')
  const ids = [...Array(100).keys()].map((n) => entryId(n, { entries: 100, start }))
  t.same(ids, ids.toSorted())
  t.match(entryAbout(3, { persons: 10, places }), { person: 3, product: 'ffp2', quantity: 4 })
})
