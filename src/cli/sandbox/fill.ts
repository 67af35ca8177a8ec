import type { Config } from '../../config.ts'
import { readClock } from '../../db/clock.ts'
import type { Database, Transaction } from '../../db/database.ts'
import { openReady } from '../../db/open.ts'
import { inTransaction } from '../../db/transaction.ts'
import { inLanguage } from '../../domain/language.ts'
import { isRefusal, type Refusal } from '../../domain/refusals.ts'
import { createClient } from '../../features/clients/create-client.ts'
import { grantClient } from '../../features/clients/grants.ts'
import { makeSecret } from '../../features/clients/secret.ts'
import { putPharmacy } from '../../features/pharmacies/put-pharmacy.ts'
import { putProfessional } from '../../features/professionals/put-professional.ts'
import { count } from '../../features/stock/count.ts'
import type { Scope } from '../../http/scopes.ts'
import type { Sandbox } from '../../http/service.ts'
import { commandLogger } from '../../logger.ts'
import { fillProducts, fillRule, PRODUCTS } from '../demo/fill.ts'
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

/** Fills an empty database, and says what is in it. */
export async function fillSandbox(config: Config): Promise<Omit<Sandbox, 'people'>> {
  const db = await openReady(config, commandLogger(config.LOG_LEVEL))
  try {
    await fillProducts(db)
    await inTransaction(db, fillPlacesAndPeople)
    await fillRule(db)
    await fillStock(db)
    return {
      pharmacies: pharmacies.map(({ finess, name }) => ({ finess, name })),
      products: PRODUCTS.flatMap(({ code, packs }) => packs.map((pack) => ({ code, ...pack }))),
      client: await makeVendor(db),
    }
  } finally {
    await db.close()
  }
}

async function fillPlacesAndPeople(tx: Transaction): Promise<void> {
  for (const { finess, stock: _, ...pharmacy } of pharmacies) await putPharmacy(tx, finess, pharmacy)
  for (const { id, ...person } of professionals) await putProfessional(tx, id, person)
}

function fillStock(db: Database): Promise<void> {
  return inTransaction(db, async (tx) => {
    const countedAt = await readClock(tx)
    for (const { finess, stock } of pharmacies) {
      for (const [product, onHand] of Object.entries(stock)) {
        granted(await count(tx, { pharmacy: finess, product, onHand, countedAt, operator: undefined }))
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
    for (const { finess } of pharmacies) granted(await grantClient(tx, finess, id, 'admin sandbox'))
    return { id, secret: secret.text }
  })
}

function granted<T>(result: T | Refusal): T {
  if (isRefusal(result)) throw new Error(inLanguage(result.detail, 'en'))
  return result
}
