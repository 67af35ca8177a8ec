import t from 'tap'
import { pharmaciesFromOsm } from '../../../src/features/pharmacies/osm.ts'
import { finess } from '../../support/numbers.ts'

const TODAY = '2026-11-29'

type Coordinates = readonly [number, number]

function place(tags: object, coordinates: Coordinates = [1.4, 43.6], more: object = {}) {
  const properties = { amenity: 'pharmacy', 'ref:FR:FINESS': finess(1), ...tags }
  return { type: 'Feature', properties, geometry: { type: 'Point', coordinates }, ...more }
}

function read(...features: unknown[]) {
  return pharmaciesFromOsm({ type: 'FeatureCollection', features }, TODAY)
}

const sound = place({ name: 'Pharmacie du Pont', 'ref:FR:FINESS': finess(2) })

/** Why a place is left out, once its neighbour was taken. */
function reasonFor(odd: unknown): string | undefined {
  const { pharmacies, leftOut } = read(odd, sound)
  return pharmacies.some((pharmacy) => pharmacy.finess === finess(2)) ? leftOut[0]?.reason : 'its neighbour went too'
}

t.test('numbers where text is expected are their text, with the zeros that a number loses', async (t) => {
  const number = finess(3, '01')
  const tags = {
    name: 24,
    'addr:housenumber': 12,
    'addr:street': 'Rue du Pont',
    'addr:postcode': 1000,
    'addr:city': 'Bourg-en-Bresse',
    phone: 33474000000,
    'ref:FR:FINESS': Number(number),
  }
  t.match(read(place(tags, [5.23, 46.2])).pharmacies, [
    { finess: number, name: '24', address: '12 Rue du Pont, 01000 Bourg-en-Bresse', phone: '33474000000' },
  ])
})

t.test('half a character, U+0000 and text that is too long leave out their place alone', async (t) => {
  t.equal(reasonFor(place({ name: 'Pharmacie \ud83d' })), 'its name holds U+0000 or half a character')
  t.equal(reasonFor(place({ name: 'Pharmacie\u0000' })), 'its name holds U+0000 or half a character')
  t.equal(reasonFor(place({ 'addr:city': '\udc8a' })), 'its address holds U+0000 or half a character')
  t.equal(reasonFor(place({ phone: '\ud83d' })), 'its phone holds U+0000 or half a character')
  t.equal(reasonFor(place({ opening_hours: '\ud83d' })), 'its openingHours holds U+0000 or half a character')
  t.equal(reasonFor(place({ name: 'x'.repeat(513) })), 'its name is longer than 512 characters')
  t.equal(reasonFor(place({ 'addr:street': 'x'.repeat(2_049) })), 'its address is longer than 2048 characters')
  t.equal(reasonFor(place({ name: '🙂'.repeat(256), note: '\ud83d' })), undefined)
})

t.test('ids and features of any kind concern their place alone', async (t) => {
  for (const id of [null, undefined, 7, {}, []]) {
    t.equal(reasonFor({ ...place({}), id }), undefined)
  }
  t.match(read({ ...place({ 'ref:FR:FINESS': 'x' }), id: null }).leftOut, [{ id: 'features[0]' }])
  for (const odd of [null, 7, {}, { type: 'Feature', properties: 'x' }]) {
    t.match(reasonFor(odd), /^not a GeoJSON Feature: /)
  }
})

t.test('what the map says is closed is not active, and names its number', async (t) => {
  const closed: object[] = [
    { 'disused:amenity': 'pharmacy' },
    { amenity: undefined, 'disused:amenity': 'pharmacy' },
    { amenity: undefined, 'was:amenity': 'pharmacy' },
    { disused: 'yes' },
    { abandoned: 'yes' },
    { opening_hours: 'closed' },
    { opening_hours: 'off' },
    { opening_hours: 'closed "en travaux"' },
    { opening_hours: 'Mo-Su off' },
    { end_date: '2019' },
    { end_date: '2026-10' },
    { end_date: '2026-11-28' },
    { end_date: 'before 2025-03' },
    { start_date: '2027' },
  ]
  for (const tags of closed) {
    const { pharmacies, leftOut } = read(place(tags))
    t.same(pharmacies, [], JSON.stringify(tags))
    t.match(leftOut, [{ reason: /^not active: \w/, closed: finess(1) }], JSON.stringify(tags))
  }
})

t.test('what says something else of the past or of some days is active', async (t) => {
  const active: object[] = [
    { 'disused:shop': 'bakery' },
    { disused: 'no' },
    { opening_hours: 'Mo-Sa 09:00-19:00; PH off' },
    { opening_hours: 'Mo-Fr 09:00-19:00; Sa,Su closed' },
    { end_date: '2026' },
    { end_date: '2026-11' },
    { end_date: '2026-11-29' },
    { end_date: '2031' },
    { end_date: 'C20' },
    { end_date: '102019' },
    { start_date: '2026-11-29' },
    { start_date: '1890' },
  ]
  for (const tags of active) t.equal(read(place(tags)).pharmacies.length, 1, JSON.stringify(tags))
})

t.test('a closed place does not stand in the way of another with its number', async (t) => {
  const { pharmacies } = read(place({ disused: 'yes' }), place({ name: 'Ici' }))
  t.match(pharmacies, [{ finess: finess(1), name: 'Ici' }])
})

t.test('a place is refused where no pharmacy of its number can be: at 0,0, swapped, overseas', async (t) => {
  const right: [string, Coordinates][] = [
    ['31', [1.44, 43.6]],
    ['2A', [8.74, 41.92]],
    ['2B', [9.45, 42.7]],
    ['29', [-5.1, 48.45]],
    ['9701', [-61.53, 16.24]],
    ['9701', [-63.08, 18.07]],
    ['9702', [-61.06, 14.61]],
    ['9703', [-52.33, 4.93]],
    ['9704', [55.45, -20.88]],
    ['9705', [-56.18, 46.78]],
    ['9805', [45.23, -12.78]],
    ['9806', [-176.17, -13.28]],
    ['99', [1.44, 43.6]],
    ['99', [55.45, -20.88]],
  ]
  for (const [start, [longitude, latitude]] of right) {
    const at = (coordinates: Coordinates) => reasonFor(place({ 'ref:FR:FINESS': numberOf(start) }, coordinates))
    t.equal(at([longitude, latitude]), undefined, `${start} at ${longitude}, ${latitude}`)
    t.match(at([latitude, longitude]), /can be at its coordinates|in WGS 84/, `${start} swapped`)
    t.match(at([0, 0]), /can be at its coordinates/, `${start} at 0, 0`)
    if (start !== '99') {
      const elsewhere: Coordinates = start === '9704' ? [1.44, 43.6] : [55.45, -20.88]
      t.match(at(elsewhere), /can be at its coordinates/, `${start} elsewhere`)
    }
  }
  const outline = [
    [1.4, 43.6],
    [1.5, 43.6],
    [43.6, 1.4],
    [1.4, 43.6],
  ]
  const area = { geometry: { type: 'Polygon', coordinates: [outline] } }
  t.match(reasonFor({ ...place({}), ...area }), /can be at its coordinates/)
})

/** A number that begins so; the fourth place may belong to the start. */
function numberOf(start: string): string {
  if (start.startsWith('2') && start !== '29') return start === '2A' ? '2A9900016' : '2B9900014'
  for (let key = 0; key < 10; key++) {
    const number = `${start.padEnd(8, '0')}${key}`
    if (read(place({ 'ref:FR:FINESS': number })).leftOut[0]?.reason.startsWith('wrong') !== true) return number
  }
  throw new Error(`there is no number for ${start}`)
}
