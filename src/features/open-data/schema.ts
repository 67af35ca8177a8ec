import { z } from 'zod'
import { bands } from '../../domain/stock-band.ts'
import { saying } from '../../http/complaint.ts'
import { latitude, longitude } from '../../http/places.ts'
import { queryInteger, text, time } from '../../http/schemas.ts'

const MOST_METRES = 5_000
const MOST_A_PAGE = 5_000

export const manifest = z
  .object({
    transactionTime: time.describe('What the files tell is as it was then, or newer.'),
    output: z.array(z.object({ type: z.string().describe('A media type.'), url: z.string() })),
  })
  .meta({
    id: 'OpenDataManifest',
    examples: [
      {
        transactionTime: '2026-11-20T09:30:00.000Z',
        output: [{ type: 'text/csv', url: 'https://masks.example.org/open-data/stock.csv' }],
      },
    ],
  })

const place = { id: z.string(), finess: z.string(), name: z.string(), address: z.string() }
const stock = z
  .array(
    z.object({
      product: z.string(),
      band: z.enum(bands),
      observedAt: time.nullable().describe('Of the last count or movement.'),
    }),
  )
  .describe('Of every product that is handed out.')

const exampleBand = { product: 'surgical', band: 'plenty', observedAt: '2026-11-20T09:30:00.000Z' } as const
const examplePlace = {
  id: '319009015',
  finess: '319009015',
  name: 'Pharmacie Une',
  address: '1 place du Capitole, 31000 Toulouse',
}
const exampleLine = { ...examplePlace, latitude: 43.6045, longitude: 1.444, stock: [exampleBand] }

const feature = z.object({
  type: z.literal('Feature'),
  id: place.id,
  geometry: z.object({ type: z.literal('Point'), coordinates: z.array(z.number()).length(2) }),
  properties: z.object({ ...place, stock }),
})

/** The files, as the document shows them. */
export const files = {
  geojson: z.object({ type: z.literal('FeatureCollection'), features: z.array(feature) }).meta({
    id: 'OpenStock',
    examples: [
      {
        type: 'FeatureCollection',
        features: [
          {
            type: 'Feature',
            id: examplePlace.id,
            geometry: { type: 'Point', coordinates: [1.444, 43.6045] },
            properties: { ...examplePlace, stock: [exampleBand] },
          },
        ],
      },
    ],
  }),
  csv: z.string().meta({
    examples: [
      'id,finess,name,address,latitude,longitude,product,band,observedAt\n"319009015","319009015","Pharmacie Une","1 place du Capitole, 31000 Toulouse","43.6045","1.444","surgical","plenty","2026-11-20T09:30:00.000Z"\n',
    ],
  }),
  ndjson: z.string().meta({ examples: [`${JSON.stringify(exampleLine)}\n`] }),
}

const queryDegrees = (degrees: z.ZodNumber, example: number) =>
  z
    .string()
    .regex(
      /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/,
      saying({ en: 'must be a number of degrees', fr: 'doit être un nombre de degrés' }),
    )
    .transform(Number)
    .pipe(degrees)
    .meta({ shownAs: { type: 'number', minimum: degrees.minValue, maximum: degrees.maxValue, examples: [example] } })

export const byGeoQuery = z.strictObject({
  lat: queryDegrees(latitude, 43.6045).describe('WGS 84 degrees.'),
  lng: queryDegrees(longitude, 1.444).describe('WGS 84 degrees.'),
  m: queryInteger(1, MOST_METRES).default(1_000).describe('Metres around the place.'),
})

export const byAddressQuery = z.strictObject({
  address: text(200)
    .describe('A town with its department or its postcode, and maybe more of the address, in any spelling.')
    .meta({ examples: ['31000 Toulouse'] }),
})

export const pageQuery = z.strictObject({
  page: queryInteger(1, 1_000_000).default(1),
  perPage: queryInteger(1, MOST_A_PAGE).default(500),
})

const koreanTime = z.string().describe('YYYY/MM/DD HH:mm:ss, in Europe/Paris.')

const info = {
  code: z.string().describe('The FINESS number.'),
  name: z.string(),
  addr: z.string(),
  type: z.literal('01').describe('A pharmacy.'),
  lat: z.number(),
  lng: z.number(),
}

const sale = {
  stock_at: koreanTime.nullable().describe('The newest declaration; null if there was none.'),
  remain_stat: z
    .enum(['plenty', 'some', 'few', 'empty', 'break'])
    .nullable()
    .describe(
      'Of all masks together: 100 or more, 30 to 99, 2 to 29, 0 or 1; `break` where the pharmacy says that it hands nothing out; null if nothing was declared.',
    ),
  created_at: koreanTime,
}

const infoExample = {
  code: '319009015',
  name: 'Pharmacie Une',
  addr: '1 place du Capitole, 31000 Toulouse',
  type: '01',
  lat: 43.6045,
  lng: 1.444,
}
const saleExample = {
  stock_at: '2026/11/20 10:30:00',
  remain_stat: 'plenty',
  created_at: '2026/11/20 10:31:00',
} as const

const store = z.object({ ...info, ...sale }).meta({ id: 'MaskStore', examples: [{ ...infoExample, ...saleExample }] })
const storeInfo = z.object(info).meta({ id: 'MaskStoreInfo', examples: [infoExample] })
const storeSale = z
  .object({ code: info.code, ...sale })
  .meta({ id: 'MaskSale', examples: [{ code: infoExample.code, ...saleExample }] })

const count = z.int().min(0)

export const stores = z.object({ count, stores: z.array(store) }).meta({ id: 'MaskStores' })
export const storesAtAddress = z
  .object({ address: z.string().describe('As asked for.'), count, stores: z.array(store) })
  .meta({ id: 'MaskStoresAtAddress' })

const page = { totalPages: count, totalCount: count, page: z.int(), count }
export const storeInfos = z.object({ ...page, storeInfos: z.array(storeInfo) }).meta({ id: 'MaskStoreInfos' })
export const sales = z.object({ ...page, sales: z.array(storeSale) }).meta({ id: 'MaskSales' })

export type Store = z.output<typeof store>
export type StoreInfo = z.output<typeof storeInfo>
export type StoreSale = z.output<typeof storeSale>
