import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { rowsPlannedAnew } from '../../db/query.ts'
import { sql, timestamp } from '../../db/sql.ts'
import { type Instant, LATEST } from '../../domain/instant.ts'
import { amongNewestIn } from '../../store/by-territory.ts'
import { type EntryRow, entryColumns, entryView } from '../../store/entries.ts'
import { type Selection, selected, selectedIn } from '../../store/selection.ts'

/** The position of an entry among those of a selection. */
export const position = z.strictObject({ at: z.int().min(0).max(LATEST), id: z.uuid() })

/** An entry, with what an audit also needs. */
interface AuditedEntry extends EntryRow {
  personId: string
  profession: string | null
  territories: { practice: string | null; pharmacy: string | null }
}

const entries = { table: sql`ledger_entries`, alias: sql`e`, time: sql`occurred_at` }

/** The selected entries by the time of the hand-over, newest first, after a position. */
export function listEntries(
  db: Queryable,
  selection: Selection,
  before: { at: Instant; id: string } | null,
  limit: number,
): Promise<AuditedEntry[]> {
  const older = before ? sql`and (e.occurred_at, e.id) < (${timestamp(before.at)}, ${before.id}::uuid)` : sql``
  const inTerritories = selectedIn(selection)
  const amongNewest =
    inTerritories && amongNewestIn(inTerritories.territories, entries, sql`${inTerritories.matching} ${older}`, limit)
  return rowsPlannedAnew(
    db,
    'audit_entries',
    sql`select ${entryColumns}, e.person_id as "personId", e.profession,
          json_build_object('practice', e.practice_territory, 'pharmacy', e.pharmacy_territory) as territories
        from ledger_entries e where ${amongNewest ?? sql`${selected(selection)} ${older}`}
        order by e.occurred_at desc, e.id desc limit ${limit}::int`,
  )
}

/** An audited entry as answers show it. */
export function auditedView(entry: AuditedEntry) {
  const { profession, territories } = entry
  return { ...entryView(entry), profession, territories }
}
