import type { Transaction } from '../../db/database.ts'
import { departmentOfFiness } from '../../domain/identifiers.ts'
import { requireKnown, requireSame } from '../../domain/named.ts'
import { invalid } from '../../domain/refusals.ts'
import { writeEffects } from '../../store/effects.ts'
import { findTerritories } from '../../store/territories.ts'
import { cancelledHolds } from './cancel-holds.ts'
import { findPharmacy, moveShelves, upsertPharmacy } from './queries.ts'
import type { Pharmacy, PharmacyBody } from './schema.ts'

/**
 * Puts a pharmacy in or changes it; its shelves move with it, and what is reserved there ends unless it is active.
 * `created` says that it is new. Rejects an unknown territory, and a missing one that does not follow from the FINESS
 * number.
 */
export async function putPharmacy(
  tx: Transaction,
  finess: string,
  body: PharmacyBody,
): Promise<{ pharmacy: Pharmacy; created: boolean }> {
  requireSame('finess', body.finess, finess)
  const territory = body.territory ?? departmentOfFiness(finess)
  if (territory === undefined)
    throw invalid('territory', {
      en: 'required, since this FINESS number begins with no department',
      fr: 'obligatoire, car ce numéro FINESS ne commence par aucun département',
    })
  requireKnown('territory', [{ path: 'territory', code: territory }], await findTerritories(tx, [territory]))
  const created = await upsertPharmacy(tx, finess, { ...body, territory })
  if (body.status !== 'active') writeEffects(tx, await cancelledHolds(tx, finess, `pharmacy_${body.status}`))
  await moveShelves(tx, [finess])
  const pharmacy = await findPharmacy(tx, finess)
  if (!pharmacy) throw new Error('the pharmacy was put in by this transaction')
  return { pharmacy, created }
}
