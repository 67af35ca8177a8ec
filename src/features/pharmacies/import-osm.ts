import type { Database } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import { departmentOfFiness } from '../../domain/identifiers.ts'
import { type Actor, sayWho } from '../../store/admin-acts.ts'
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
  by: Actor,
  onProgress: (done: number) => void,
): Promise<ImportReport> {
  const report: ImportReport = { created: 0, updated: 0, unchanged: 0, leftOut: [] }
  report.leftOut = await nameActive(db, leftOut, new Set(pharmacies.map(({ finess }) => finess)))
  for (let start = 0; start < pharmacies.length; start += BATCH) {
    const batch = pharmacies.slice(start, start + BATCH)
    for (const { finess, name, outcome } of await importBatch(db, batch, by)) {
      if (outcome === 'no_territory' || outcome === 'no_point') {
        report.leftOut.push({ id: `FINESS ${finess}`, name, reason: reasons[outcome] })
      } else report[outcome] += 1
    }
    onProgress(start + batch.length)
  }
  return report
}

// A closed place whose number another place of the file has was only mapped anew.
async function nameActive(db: Database, leftOut: readonly LeftOut[], taken: Set<string>): Promise<LeftOut[]> {
  const closed = leftOut.flatMap((place) => (place.closed === undefined || taken.has(place.closed) ? [] : place.closed))
  const active = await findActive(db, closed)
  return leftOut.map((place) =>
    place.closed !== undefined && active.includes(place.closed)
      ? { ...place, reason: `${place.reason}; FINESS ${place.closed} stays active here: put it in as closed if it is` }
      : place,
  )
}

function importBatch(db: Database, batch: OsmPharmacy[], by: Actor): ReturnType<typeof importPharmacies> {
  return inTransaction(db, async (tx) => {
    sayWho(tx, by)
    const given = batch.map((pharmacy) => ({ ...pharmacy, territory: departmentOfFiness(pharmacy.finess) }))
    const outcomes = await importPharmacies(tx, given)
    const updated = outcomes.filter(({ outcome }) => outcome === 'updated').map(({ finess }) => finess)
    if (updated.length > 0) await moveShelves(tx, updated)
    return outcomes
  })
}
