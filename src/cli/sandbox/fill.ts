import type { Database, Transaction } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Instant } from '../../domain/instant.ts'
import { createClient } from '../../features/clients/create-client.ts'
import { grantClient } from '../../features/clients/grants.ts'
import { makeSecret } from '../../features/clients/secret.ts'
import { putPharmacy } from '../../features/pharmacies/put-pharmacy.ts'
import { putProfessional } from '../../features/professionals/put-professional.ts'
import { count } from '../../features/stock/count.ts'
import type { Scope } from '../../http/scopes.ts'
import type { Sandbox } from '../../http/service.ts'
import type { LedgerJob } from '../../jobs/ledger/publish.ts'
import { sequenceAndPublish } from '../../jobs/ledger/sequencer.ts'
import { fillProducts, fillRule, PRODUCTS } from '../demo/fill.ts'
import { done } from './done.ts'
import { fillEndpoints, fillExamples } from './examples.ts'
import { professionals } from './people.ts'
import { pharmacies } from './places.ts'

const COUNTER: Scope[] = [
  'stock:read',
  'stock:write',
  'reservations:read',
  'reservations:write',
  'dispensations:read',
  'dispensations:write',
]

// Before whatever the documentation's examples count and move.
const COUNTED_AT: Instant = Date.parse('2026-11-02T08:00:00.000Z')

/** Fills an empty database with its checkpoint, and says what is in it. */
export async function fillSandbox(job: LedgerJob): Promise<Omit<Sandbox, 'people'>> {
  const { db, signers } = job
  await fillProducts(db)
  await inTransaction(db, fillPlacesAndPeople)
  await fillRule(db)
  await fillStock(db)
  const client = await makeVendor(db)
  await fillExamples(db, signers[0])
  await fillEndpoints(db, client.id)
  await sequenceAndPublish(job)
  return {
    pharmacies: pharmacies.map(({ finess, name }) => ({ finess, name })),
    products: PRODUCTS.flatMap(({ code, packs }) => packs.map((pack) => ({ code, ...pack }))),
    client,
  }
}

async function fillPlacesAndPeople(tx: Transaction): Promise<void> {
  for (const { finess, stock: _, ...pharmacy } of pharmacies) await putPharmacy(tx, finess, pharmacy)
  for (const { id, ...person } of professionals) await putProfessional(tx, id, person)
}

function fillStock(db: Database): Promise<void> {
  return inTransaction(db, async (tx) => {
    for (const { finess, stock } of pharmacies) {
      for (const [product, onHand] of Object.entries(stock)) {
        done(await count(tx, { pharmacy: finess, product, onHand, countedAt: COUNTED_AT, operator: undefined }))
      }
    }
  })
}

/** A vendor's machine that every pharmacy lets act for it. */
async function makeVendor(db: Database): Promise<Sandbox['client']> {
  const secret = await makeSecret()
  const by = { name: 'command sandbox', fourEyes: 'false' as const }
  const body = { name: 'Logiciel d’essai', role: 'pharmacy' as const, scopes: COUNTER, tokenSeconds: 900 }
  return inTransaction(db, async (tx) => {
    const { id } = await createClient(tx, { ...body, territories: [], professions: [] }, secret, by)
    for (const { finess } of pharmacies) done(await grantClient(tx, finess, id, 'admin sandbox'))
    return { id, secret: secret.text }
  })
}
