import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { instant, sql } from '../db/sql.ts'
import type { Instant } from '../domain/instant.ts'
import type { Access } from './accesses.ts'
import { recordsOf } from './persons.ts'
import { exportsCovering } from './selection.ts'
import { type TimePage, timePage } from './time-page.ts'

/**
 * A recorded reading of a person's data. A refused hand-over or reversal counts as one, since it shows what is left.
 */
export interface AccessRow {
  id: string
  at: Instant
  kind: Access['kind'] | 'refusal'
  role: string
  reader: string
  pharmacy: string | null
  operator: string | null
  outcome: string
}

/** Columns of an AccessRow over accesses a. */
export const accessColumns = sql`
  a.id, ${instant(sql`a.at`)} as at, a.kind, a.reader_role as role, a.reader, a.pharmacy, a.operator, a.outcome`

/** Who looked at a professional's data, newest first. */
export function listOwnAccesses(db: Queryable, identifier: string, page: TimePage): Promise<AccessRow[]> {
  const records = recordsOf(identifier)
  const kept = sql`id, at, kind, reader_role, reader, pharmacy, operator, outcome from accesses a`
  return rows(
    db,
    'list_own_accesses',
    sql`with own as (
          select ${kept} where person_id in ${records}
          union all
          select ${kept} where person_ids && array${records}
          -- An export is one access, however many it showed; an export about one person has a person_id.
          union all
          select ${kept} where person_id is null and ${exportsCovering(sql`select id from ${records} as record`)}
          union all
          select id, at, 'refusal', 'pharmacy', '', pharmacy, operator, code from refusals
          where person_id in ${records} and verb in ('dispensation', 'reversal')
        )
        select ${accessColumns} from own a where ${timePage(sql`a`, page)}`,
  )
}
