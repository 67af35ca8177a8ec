import { readFileSync } from 'node:fs'
import t from 'tap'
import { pharmaciesFromOsm } from '../../../src/features/pharmacies/osm.ts'

const TODAY = '2026-11-29'
const made: unknown = JSON.parse(readFileSync(new URL('../../data/osm-made.geojson', import.meta.url), 'utf8'))

t.test('a pharmacy is taken as it is mapped', async (t) => {
  t.strictSame(pharmaciesFromOsm(made, TODAY).pharmacies[0], {
    finess: '990500019',
    name: "Pharmacie de l'Écluse",
    address: '7 bis Rue du Canal, 31000 Toulouse',
    openingHours: 'Mo-Fr 09:00-12:15 / 14:15-19:00; Sa 09:00-12:00',
    phone: '+33 5 00 00 00 01',
    geometry: { type: 'Point', coordinates: [1.4501, 43.6101] },
  })
})

t.test(
  'an area keeps its outline without heights, and contact tags and the brand stand in for missing ones',
  async (t) => {
    t.strictSame(pharmaciesFromOsm(made, TODAY).pharmacies[1], {
      finess: '990500027',
      name: 'Pharmavilla',
      address: 'Place "Neuve", Albi',
      openingHours: undefined,
      phone: '+33 5 00 00 00 02',
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [2.148, 43.928],
            [2.149, 43.928],
            [2.149, 43.929],
            [2.148, 43.928],
          ],
        ],
      },
    })
  },
)

t.test('tags are found under «tags» too, and quotes in a name are only a name', async (t) => {
  t.match(pharmaciesFromOsm(made, TODAY).pharmacies[2], {
    finess: '2A9900016',
    name: "Robert'); drop table pharmacies;--",
    address: 'Le Bourg',
    geometry: { type: 'MultiPolygon' },
  })
})

t.test(
  'a pharmacy without a name or an address is taken all the same, without a phone text too long for one',
  async (t) => {
    t.strictSame(pharmaciesFromOsm(made, TODAY).pharmacies[3], {
      finess: '990500035',
      name: 'Pharmacie',
      address: '',
      openingHours: undefined,
      phone: undefined,
      geometry: { type: 'Point', coordinates: [1.6, 43.1] },
    })
  },
)

t.test('what cannot be taken is listed with the reason, and what is no pharmacy is passed over', async (t) => {
  const { pharmacies, leftOut } = pharmaciesFromOsm(made, TODAY)
  t.equal(pharmacies.length, 4)
  t.strictSame(leftOut, [
    { id: 'node/5', name: 'Parapharmacie des Allées', reason: 'no FINESS number' },
    { id: 'node/6', name: 'Pharmacie de la Faute', reason: 'wrong FINESS number 990500044' },
    {
      id: 'way/7',
      name: "Pharmacie de l'Écluse (bâtiment)",
      reason: 'FINESS number 990500019 belongs to an earlier place',
    },
    { id: 'way/8', name: 'Pharmacie du Chemin', reason: 'neither a point nor an area in WGS 84' },
    { id: 'way/9', name: 'Pharmacie Ouverte', reason: 'neither a point nor an area in WGS 84' },
    { id: 'node/10', name: 'Pharmacie en Lambert 93', reason: 'neither a point nor an area in WGS 84' },
  ])
})

t.test('control characters leave a tag, and a place without an id is named by its place in the file', async (t) => {
  const { pharmacies, leftOut } = read(
    feature({ amenity: 'pharmacy', name: 'Pharmacie\u0007 du\n Pont ', 'ref:FR:FINESS': '990500019' }),
    feature({ amenity: 'pharmacy', name: true, 'ref:FR:FINESS': '\u0007' }),
  )
  t.equal(pharmacies[0]?.name, 'Pharmacie  du  Pont')
  t.strictSame(leftOut, [{ id: 'features[1]', name: undefined, reason: 'no FINESS number' }])
})

t.test('opening hours longer than 500 characters are left away, not cut', async (t) => {
  const hoursOf = (openingHours: string) =>
    read(feature({ amenity: 'pharmacy', 'ref:FR:FINESS': '990500019', opening_hours: openingHours })).pharmacies[0]
      ?.openingHours
  t.equal(hoursOf('x'.repeat(500)), 'x'.repeat(500))
  t.equal(hoursOf('x'.repeat(501)), undefined)
})

t.test('a file that is no FeatureCollection is refused with the place of the mistake', async (t) => {
  t.throws(() => pharmaciesFromOsm(null, TODAY), { message: /not a GeoJSON FeatureCollection: the file/ })
  t.throws(() => pharmaciesFromOsm({ elements: [] }, TODAY), { message: /FeatureCollection: type/ })
})

function read(...features: unknown[]) {
  return pharmaciesFromOsm({ type: 'FeatureCollection', features }, TODAY)
}

function feature(properties: Record<string, unknown>) {
  return { type: 'Feature', properties, geometry: { type: 'Point', coordinates: [1.4, 43.6] } }
}
