import type { Queryable } from '../../db/database.ts'
import { oneRow } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import { phrase } from '../../domain/language.ts'
import { Rejection } from '../../domain/refusals.ts'

/** Whom a pharmacy asks about, and about how many people it may in an hour to whom it hands nothing over. */
export interface Asking {
  pharmacy: string
  professional: string
  /** Null: as many as it likes. */
  most: number | null
}

/**
 * Rejects a question about one person more than a pharmacy may ask about within an hour without serving them. Checks
 * and refused hand-overs count, each number that nobody has as a person of its own. Whoever was asked about already may
 * be asked about again. Simultaneous questions are not seen: so many more come through as there are connections.
 */
export async function requireFewAskedAbout(db: Queryable, { pharmacy, professional, most }: Asking): Promise<void> {
  if (most === null) return
  const { seconds } = await oneRow<{ seconds: number | null }>(
    db,
    'wait_for_checks',
    // The limit is mostly far: who was served is looked up only when it would be reached without.
    sql`with asked as materialized (
          select coalesce(person_id, id) as who, min(at) as first, max(at) as last from (
            select person_id, id, at from accesses where kind = 'dispensation_check' and pharmacy = ${pharmacy}
              and at > statement_timestamp() - interval '1 hour'
            union all
            select person_id, id, at from refusals where verb = 'dispensation' and pharmacy = ${pharmacy}
              and at > statement_timestamp() - interval '1 hour'
          ) as question group by 1
        ), unserved as (
          select last from asked
          where (select count(*) from asked) >= ${most}::int and not exists (
              select from ledger_entries e where e.person_id = asked.who and e.pharmacy = ${pharmacy}
                and e.kind = 'dispensation' and e.recorded_at >= asked.first)
            and (select p.root_id from person_identifiers i join persons p on p.id = i.person_id
              where i.identifier = ${professional}) not in (select who from asked) is not false
        )
        select ceil(extract(epoch from (select last from unserved order by last desc offset ${most - 1}::int limit 1)
          + interval '1 hour' - statement_timestamp()))::int as seconds`,
  )
  if (seconds === null) return
  throw new Rejection(
    'rate_limited',
    {
      en: phrase`This pharmacy asked about ${most} people within the hour to whom it handed nothing over. Hand-overs go on.`,
      fr: phrase`Cette officine a interrogé en une heure les droits de ${most} personnes sans rien leur remettre. Les remises restent possibles.`,
    },
    { waitSeconds: Math.max(1, seconds) },
  )
}
