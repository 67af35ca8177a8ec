import { hash } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Band, bandOf } from '../../domain/stock-band.ts'
import { csvOf, csvRows } from '../../http/csv.ts'
import type { OpenPharmacy } from './queries.ts'

const compress = promisify(gzip)

/** A file as it is sent. */
export interface OpenFile {
  plain: Buffer
  gzipped: Buffer
  /** Tells its content. */
  version: string
}

export const fileTypes = {
  geojson: 'application/geo+json',
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
} as const

export type FileType = keyof typeof fileTypes

/** What everybody may know of one product at one pharmacy. */
interface BandOfProduct {
  product: string
  band: Band
  observedAt: string | null
}

/** The bands of all products at a pharmacy; of those that it never declared it says so. */
function bandsOf({ stock }: OpenPharmacy, products: readonly string[]): BandOfProduct[] {
  return products.map((product) => {
    const declared = stock.find((each) => each.product === product)
    return { product, band: bandOf(declared?.available ?? null), observedAt: declared?.observedAt ?? null }
  })
}

const COLUMNS = ['id', 'finess', 'name', 'address', 'latitude', 'longitude', 'product', 'band', 'observedAt']

/** Writes the three files, a page of pharmacies at a time. */
export async function writeFiles(
  pages: readonly OpenPharmacy[][],
  products: readonly string[],
): Promise<Record<FileType, OpenFile>> {
  const written: Record<FileType, string[]> = {
    geojson: ['{"type":"FeatureCollection","features":['],
    csv: [csvOf(COLUMNS, [])],
    ndjson: [],
  }
  for (const [nth, page] of pages.entries()) {
    const shown = page.map((pharmacy) => ({ pharmacy, stock: bandsOf(pharmacy, products) }))
    written.geojson.push((nth === 0 ? '' : ',\n') + shown.map(featureOf).join(',\n'))
    written.csv.push(csvRows(shown.flatMap(csvRowsOf)))
    written.ndjson.push(shown.map(lineOf).join(''))
    await breathe() // Others are served between two pages.
  }
  written.geojson.push(']}\n')
  const [geojson, csv, ndjson] = [written.geojson, written.csv, written.ndjson].map((pieces) => pieces.join(''))
  return { geojson: await fileOf(geojson), csv: await fileOf(csv), ndjson: await fileOf(ndjson) }
}

interface Shown {
  pharmacy: OpenPharmacy
  stock: BandOfProduct[]
}

function featureOf({ pharmacy: { finess, name, address, latitude, longitude }, stock }: Shown): string {
  const geometry = { type: 'Point', coordinates: [longitude, latitude] }
  return JSON.stringify({
    type: 'Feature',
    id: finess,
    geometry,
    properties: { id: finess, finess, name, address, stock },
  })
}

function lineOf({ pharmacy: { finess, name, address, latitude, longitude }, stock }: Shown): string {
  return `${JSON.stringify({ id: finess, finess, name, address, latitude, longitude, stock })}\n`
}

function csvRowsOf({ pharmacy: { finess, name, address, latitude, longitude }, stock }: Shown) {
  return stock.map(({ product, band, observedAt }) => [
    ...[finess, finess, name, address],
    ...[latitude, longitude],
    ...[product, band, observedAt ?? ''],
  ])
}

async function fileOf(text = ''): Promise<OpenFile> {
  const plain = Buffer.from(text)
  return { plain, gzipped: await compress(plain, { level: 5 }), version: hash('sha256', plain, 'base64url') }
}
