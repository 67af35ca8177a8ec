import type { Database } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import { departmentOfFiness } from '../../domain/identifiers.ts'
import type { LeftOut, OsmPharmacy } from './osm.ts'
import { findActive, importPharmacies, moveShelves } from './queries.ts'

/** What an import did; `leftOut` includes the places that the database could not take. */
export interface ImportReport {
  created: number
  updated: number
  unchanged: number
  leftOut: LeftOut[]
}

// Well within the statement timeout, and short enough for anyone waiting for a pharmacy's row.
const BATCH = 500

const reasons = {
  no_territory: 'no territory follows from its FINESS number: put it in through the API, which takes one',
  no_point: 'its outline has no point',
}

/**
 * Puts in the pharmacies of an OpenStreetMap export in batches, each in its own transaction. Running it again changes
 * nothing, so an import that broke off is simply run again. New pharmacies are active; existing ones keep their status,
 * and those that the map says are closed are named and left as they are.
 */
export async function importOsm(
  db: Database,
  { pharmacies, leftOut }: { pharmacies: readonly OsmPharmacy[]; leftOut: readonly LeftOut[] },
  onProgress: (done: number) => void,
): Promise<ImportReport> {
  const report: ImportReport = { created: 0, updated: 0, unchanged: 0, leftOut: await nameActive(db, leftOut) }
  for (let start = 0; start < pharmacies.length; start += BATCH) {
    const batch = pharmacies.slice(start, start + BATCH)
    for (const { finess, name, outcome } of await importBatch(db, batch)) {
      if (outcome === 'no_territory' || outcome === 'no_point') {
        report.leftOut.push({ id: `FINESS ${finess}`, name, reason: reasons[outcome] })
      } else report[outcome] += 1
    }
    onProgress(start + batch.length)
  }
  return report
}

async function nameActive(db: Database, leftOut: readonly LeftOut[]): Promise<LeftOut[]> {
  const active = await findActive(
    db,
    leftOut.flatMap(({ closed }) => closed ?? []),
  )
  return leftOut.map((place) =>
    place.closed !== undefined && active.includes(place.closed)
      ? { ...place, reason: `${place.reason}; FINESS ${place.closed} stays active here: put it in as closed if it is` }
      : place,
  )
}

function importBatch(db: Database, batch: OsmPharmacy[]): ReturnType<typeof importPharmacies> {
  return inTransaction(db, async (tx) => {
    const given = batch.map((pharmacy) => ({ ...pharmacy, territory: departmentOfFiness(pharmacy.finess) }))
    const outcomes = await importPharmacies(tx, given)
    const updated = outcomes.filter(({ outcome }) => outcome === 'updated').map(({ finess }) => finess)
    if (updated.length > 0) await moveShelves(tx, updated)
    return outcomes
  })
}
