import type { Client } from 'pg'
import { iso } from '../../../src/domain/instant.ts'
import { type PublishedRule, ruleHash } from '../../../src/domain/rule-record.ts'
import { rpps } from '../../support/numbers.ts'
import { range } from '../../support/tally.ts'
import { copyRows } from './copy-rows.ts'
import type { Places, SetPharmacy } from './places.ts'
import { share } from './random.ts'
import { type SetSize, stocked } from './sizes.ts'

const BATCH = 20_000
const PROFESSIONS = ['10', '21', '26', '40', '50', '60', '70', '80']
const ON_SHELF = 1_000_000 // More than a benchmark hands over at one counter.

/** The cap of the set's rule, which stops nobody: whole days of traffic go to few people here. */
export const CAP = 1_000_000

const RULE: PublishedRule = {
  id: '00000000-0000-7000-8000-000000000001',
  beneficiaries: PROFESSIONS.map((code) => ({ profession: code })),
  products: Object.keys(stocked),
  cap: CAP,
  subCaps: [],
  window: { kind: 'calendar_weeks', count: 1 },
  territory: 'FR',
  validFrom: Date.UTC(2020, 0),
  validTo: null,
  source: { title: 'A rule of the benchmark', reference: 'BENCH-1', url: null },
  confidence: 'high',
  publishedAt: Date.UTC(2026, 0),
}
/** How a line names the rule that judged it. */
export const JUDGED_BY = { ruleId: RULE.id, ruleHash: ruleHash(RULE) }

export const personId = (nth: number) => `00000000-0000-7000-8000-${nth.toString(16).padStart(12, '0')}`
export const profession = (nth: number) => PROFESSIONS[nth % PROFESSIONS.length] as string

/** Whether the nth pharmacy has a product on its shelf. */
export function isStocked(nth: number, product: keyof typeof stocked): boolean {
  return share(`stock of ${product}`, nth) < stocked[product]
}

/** Fills the catalogue, pharmacies, shelves with the count that explains them, and professionals. */
export async function fillPlaces(
  client: Client,
  { persons }: Pick<SetSize, 'persons'>,
  places: Places,
  onProgress: (done: number) => void,
): Promise<void> {
  const products = Object.keys(stocked).map((code) => [code, code, 'mask'])
  await copyRows(client, 'products (code, name, kind)', products)
  await copyRows(
    client,
    'pharmacies (finess, name, address, location, territory, status)',
    places.pharmacies.map((each) => [each.finess, each.name, each.address, pointOf(each), each.territory, 'active']),
  )
  await fillShelves(client, places.pharmacies)
  for (let done = 0; done < persons; done += BATCH) {
    const batch = range(Math.min(BATCH, persons - done)).map((n) => done + n)
    await copyRows(
      client,
      'persons (id, profession, family_name, given_name, status, practice_location, practice_territory)',
      batch.map((n) => {
        const practice = places.practice(n)
        return [personId(n), profession(n), 'Martin', 'Camille', 'active', pointOf(practice), practice.territory]
      }),
    )
    await copyRows(
      client,
      'person_identifiers (identifier, person_id)',
      batch.map((n) => [rpps(n), personId(n)]),
    )
    onProgress(done + batch.length)
  }
}

async function fillShelves(client: Client, pharmacies: readonly SetPharmacy[]): Promise<void> {
  const counted = '2026-01-05T08:00:00Z'
  const shelves = (Object.keys(stocked) as (keyof typeof stocked)[]).flatMap((product, nthProduct) =>
    pharmacies.map((place, nth) => {
      const id = `00000000-0000-7000-800${nthProduct}-${nth.toString(16).padStart(12, '0')}`
      return { place, product, id, onHand: isStocked(nth, product) ? ON_SHELF : 0 }
    }),
  )
  await copyRows(
    client,
    'stock (pharmacy, product, on_hand, version, counted_at, observed_at, location)',
    shelves.map(({ place, product, onHand }) => [place.finess, product, onHand, 1, counted, counted, pointOf(place)]),
  )
  await copyRows(
    client,
    'stock_movements (id, pharmacy, product, version, kind, quantity, change, occurred_at, recorded_at)',
    shelves.map(({ id, place, product, onHand }) => [
      id,
      place.finess,
      product,
      1,
      'count',
      onHand,
      onHand,
      counted,
      counted,
    ]),
  )
}

/** Puts the one rule of the set in. */
export async function fillRule(client: Client): Promise<void> {
  const { id, beneficiaries, products, cap, window, territory, validFrom, source, confidence, publishedAt } = RULE
  await client.query(
    `insert into allocation_rules (id, beneficiaries, products, cap, sub_caps, window_kind, window_count, territory, valid_from,
       source, confidence, published_by, published_at)
     values ($1, $2, $3, $4, '[]', $5, 1, $6, $7, $8, $9, 'bench', $10)`,
    [
      ...[id, JSON.stringify(beneficiaries), products, cap, window.kind, territory, iso(validFrom)],
      ...[JSON.stringify(source), confidence, iso(publishedAt)],
    ],
  )
}

function pointOf({ latitude, longitude }: { latitude: number; longitude: number }): string {
  return `SRID=4326;POINT(${longitude} ${latitude})`
}
