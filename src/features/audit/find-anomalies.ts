import type { Queryable } from '../../db/database.ts'
import { rowsPlannedAnew } from '../../db/query.ts'
import { instant, sql, texts, timestamp } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { allIn, MOST_MERGED } from '../../store/by-territory.ts'
import { selected, selectedIn } from '../../store/selection.ts'
import { checksWithoutHandOver, manyChecks } from './anomalies/checks.ts'
import { onePersonTwoRecords } from './anomalies/doubts.ts'
import { reversedThenElsewhere } from './anomalies/elsewhere.ts'
import type { AnomalyKind, Scope } from './anomalies/kind.ts'
import { offlineBatch } from './anomalies/offline.ts'
import { lateShare, overAllocations, overrides, veryLateShare } from './anomalies/shares.ts'
import { dispensedAboveDeliveries, stockDiscrepancy } from './anomalies/stock.ts'
import { unmatchedTransfer } from './anomalies/transfers.ts'
import type { Anomaly, AnomalyName } from './schema.ts'

/** The kinds of anomalies, in the order in which they are listed. */
export const anomalyKinds = {
  overrides,
  late_share: lateShare,
  very_late_share: veryLateShare,
  over_allocation_share: overAllocations,
  offline_batch: offlineBatch,
  stock_discrepancy: stockDiscrepancy,
  unmatched_transfer: unmatchedTransfer,
  dispensed_above_deliveries: dispensedAboveDeliveries,
  reversed_then_elsewhere: reversedThenElsewhere,
  checks_without_hand_over: checksWithoutHandOver,
  many_checks: manyChecks,
  one_person_two_records: onePersonTwoRecords,
} as const satisfies Record<AnomalyName, AnomalyKind>

/** Where and when to look. */
export interface Search {
  /** The territories of the remit, including those below. */
  remit: string[]
  professions: string[]
  from: Instant
  to: Instant
}

/** An anomaly with its place among those of its kind. */
export type FoundAnomaly = Anomaly & { key: string }

/** The anomalies of one kind after a key. */
export async function findAnomalies(
  db: Queryable,
  name: AnomalyName,
  search: Search,
  after: string | null,
  limit: number,
): Promise<FoundAnomaly[]> {
  const found = await rowsPlannedAnew<Omit<FoundAnomaly, 'at' | 'doubt'> & { at: Instant | null }>(
    db,
    `anomalies_${name}`,
    sql`select ${name}::text as kind, key, pharmacy, product::text, counterparty::text, ${instant(sql`at`)} as at,
          to_json(entries) as entries, to_json(movements) as movements, count::float8, total::float8, measured, threshold
        from (${anomalyKinds[name].find(scopeOf(search))}) as anomaly
        where ${after}::text is null or key > ${after}::text order by key limit ${limit}::int`,
  )
  return found.map((anomaly) => ({
    ...anomaly,
    at: anomaly.at === null ? null : iso(anomaly.at),
    doubt: name === 'one_person_two_records' ? anomaly.key : null,
  }))
}

const entries = { table: sql`ledger_entries`, alias: sql`e`, time: sql`occurred_at` }

function scopeOf({ remit, professions, from, to }: Search): Scope {
  const [start, end] = [timestamp(from), timestamp(to)]
  const professionInRemit = professions.length > 0 ? { professions } : {}
  const inTerritories = selectedIn({ remit, ...professionInRemit })
  const merged = inTerritories && allIn(inTerritories.territories, entries, inTerritories.matching)
  return {
    entriesInRemit: merged ?? sql`select * from ledger_entries e where ${selected({ remit, ...professionInRemit })}`,
    entryInRemit: sql`(${selected({ remit })} and (cardinality(${texts(professions)}) = 0 or e.profession = any (${texts(professions)})))`,
    personInRemit: sql`(p.practice_territory = any (${texts(remit)}) and (cardinality(${texts(professions)}) = 0 or p.profession = any (${texts(professions)})))`,
    pharmacyInRemit: sql`p.territory = any (${texts(remit)})`,
    within: (time) => sql`(${time} >= ${start} and ${time} < ${end})`,
    from: start,
    to: end,
    isWide: remit.length > MOST_MERGED,
  }
}
