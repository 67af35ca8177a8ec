import { readClock } from '../../db/clock.ts'
import type { Database } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Instant } from '../../domain/instant.ts'
import { inLanguage, type Language } from '../../domain/language.ts'
import { periodAt } from '../../domain/periods.ts'
import { isRefusal } from '../../domain/refusals.ts'
import { publishRule } from '../../features/allocation-rules/publish-rule.ts'
import { putPharmacy } from '../../features/pharmacies/put-pharmacy.ts'
import { putProduct } from '../../features/products/put-product.ts'
import { putProfessional } from '../../features/professionals/put-professional.ts'
import { count } from '../../features/stock/count.ts'
import { type DemoProfessional, demoProfessions } from './people.ts'
import type { DemoPharmacy } from './places.ts'

const BATCH = 50 // Far below the statement timeout, and far fewer commits than one per pharmacy.
// GTINs that begin with 2 are reserved for internal use: no pack on sale has them.
export const PRODUCTS = [
  { code: 'surgical', name: 'Masque chirurgical', packs: [{ gtin: '2000000000015', unitsPerBox: 50 }] },
  { code: 'ffp2', name: 'Masque FFP2', packs: [{ gtin: '2000000000022', unitsPerBox: 20 }] },
]

/** Puts the two products into the catalogue. */
export function fillProducts(db: Database): Promise<void> {
  return inTransaction(db, async (tx) => {
    for (const { code, ...product } of PRODUCTS) await putProduct(tx, code, { ...product, kind: code, active: true })
  })
}

/** Puts pharmacies in, all of them open for business. */
export async function fillPharmacies(db: Database, pharmacies: readonly DemoPharmacy[]): Promise<void> {
  for (const batch of batches(pharmacies)) {
    await inTransaction(db, async (tx) => {
      for (const { finess, ...pharmacy } of batch) await putPharmacy(tx, finess, { ...pharmacy, status: 'active' })
    })
  }
}

/** Counts the stock of pharmacies: six in seven have surgical masks, one in four FFP2 masks. */
export async function fillStock(db: Database, pharmacies: readonly DemoPharmacy[]): Promise<void> {
  const countedAt = await readClock(db)
  const shelves = pharmacies.flatMap(({ finess }, index) => [
    ...(index % 7 === 3 ? [] : [{ pharmacy: finess, product: 'surgical', onHand: 40 + ((index * 37) % 460) }]),
    ...(index % 4 !== 1 ? [] : [{ pharmacy: finess, product: 'ffp2', onHand: 10 + ((index * 23) % 150) }]),
  ])
  for (const batch of batches(shelves)) {
    await inTransaction(db, async (tx) => {
      for (const shelf of batch) {
        const counted = await count(tx, { ...shelf, countedAt, operator: undefined })
        if (isRefusal(counted))
          throw new Error(`${shelf.pharmacy} ${shelf.product}: ${inLanguage(counted.detail, 'en')}`)
      }
    })
  }
}

/** Puts professionals in. */
export function fillProfessionals(db: Database, professionals: readonly DemoProfessional[]): Promise<void> {
  return inTransaction(db, async (tx) => {
    for (const { id, ...person } of professionals) {
      await putProfessional(tx, id, { ...person, otherIds: [], status: 'active' })
    }
  })
}

const RULE_TITLE = { en: 'Demo rule', fr: 'Dotation de démonstration' }
const RULE_REFERENCE = {
  en: 'Invented for gomask demo, in force nowhere',
  fr: 'Inventée pour gomask demo, en vigueur nulle part',
}

/** Publishes the demo's rule: 18 masks a calendar week, at most 6 of them FFP2, in force since Monday. */
export async function fillRule(db: Database, language: Language = 'en'): Promise<void> {
  const window = { kind: 'calendar_weeks' as const, count: 1 }
  const operator = { issuer: 'gomask', subject: 'demo', role: 'admin' as const }
  const remit = { finess: [], suspended: [], territories: [], professions: [] }
  await inTransaction(db, async (tx) =>
    publishRule(
      tx,
      { ...operator, ...remit },
      {
        beneficiaries: demoProfessions.map((profession) => ({ profession })),
        products: PRODUCTS.map(({ code }) => code),
        cap: 18,
        subCaps: [{ product: 'ffp2', cap: 6 }],
        window,
        territory: 'FR',
        validFrom: startOfWeek(await readClock(tx)),
        validTo: null,
        source: {
          title: inLanguage(RULE_TITLE, language),
          reference: inLanguage(RULE_REFERENCE, language),
          url: null,
        },
        confidence: 'low',
      },
    ),
  )
}

function startOfWeek(at: Instant): Instant {
  const context = { validFrom: at, validTo: null, timeZone: 'Europe/Paris' }
  return periodAt({ kind: 'calendar_weeks', count: 1 }, context, at).start
}

function batches<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, index) =>
    items.slice(index * BATCH, (index + 1) * BATCH),
  )
}
