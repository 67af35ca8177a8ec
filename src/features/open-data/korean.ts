/** The answers of the programming interface that South Korea opened in March 2020, for whoever has a client of it. */
import { addressWords, isAt } from '../../domain/address-words.ts'
import { metresBetween } from '../../domain/distance.ts'
import { bandOf } from '../../domain/stock-band.ts'
import type { OpenPharmacy } from './queries.ts'
import type { Store, StoreInfo, StoreSale } from './schema.ts'
import type { Snapshot } from './snapshot.ts'

// Of latitude, which is next to nothing to look at first.
const LEAST_METRES_A_DEGREE = 110_500

/** The stores within so many metres of a place, nearest first. */
export function storesNear(
  { pharmacies, createdAt }: Snapshot,
  near: { latitude: number; longitude: number },
  mostMetres: number,
): Store[] {
  return pharmacies
    .filter(({ latitude }) => Math.abs(latitude - near.latitude) * LEAST_METRES_A_DEGREE <= mostMetres)
    .map((pharmacy) => ({ pharmacy, metres: metresBetween(near, pharmacy) }))
    .filter(({ metres }) => metres <= mostMetres)
    .toSorted((one, other) => one.metres - other.metres)
    .map(({ pharmacy }) => storeOf(pharmacy, createdAt))
}

/** The stores in a town, a department or a street, as an address names it. */
export function storesAt({ pharmacies, createdAt }: Snapshot, address: string): Store[] {
  const words = addressWords(address)
  return pharmacies.filter(({ known }) => isAt(known, words)).map((pharmacy) => storeOf(pharmacy, createdAt))
}

/** A page of all pharmacies, counted from 1; empty behind the last one. */
export function pageOfPharmacies({ pharmacies }: Snapshot, { page, perPage }: { page: number; perPage: number }) {
  const found = pharmacies.slice((page - 1) * perPage, page * perPage)
  const totalCount = pharmacies.length
  return { found, told: { totalPages: Math.ceil(totalCount / perPage), totalCount, page, count: found.length } }
}

/** Where a pharmacy is. */
export function infoOf({ finess, name, address, latitude, longitude }: OpenPharmacy): StoreInfo {
  return { code: finess, name, addr: address, type: '01', lat: latitude, lng: longitude }
}

/** What it has, of all masks together. */
export function saleOf(pharmacy: OpenPharmacy, createdAt: string): StoreSale {
  const { finess, stockAt } = pharmacy
  return { code: finess, stock_at: stockAt, remain_stat: statOf(pharmacy), created_at: createdAt }
}

function statOf({ stock, isOnBreak }: OpenPharmacy): StoreSale['remain_stat'] {
  if (isOnBreak) return 'break'
  const available = stock.reduce((sum, each) => sum + each.available, 0)
  const band = bandOf(stock.length === 0 ? null : available)
  return band === 'unknown' ? null : band
}

function storeOf(pharmacy: OpenPharmacy, createdAt: string): Store {
  return { ...infoOf(pharmacy), ...saleOf(pharmacy, createdAt) }
}
