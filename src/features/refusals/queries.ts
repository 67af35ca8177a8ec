import type { Queryable } from '../../db/database.ts'
import { rowsPlannedAnew } from '../../db/query.ts'
import { instant, sql } from '../../db/sql.ts'
import type { RuleVersion } from '../../domain/allocation-rules.ts'
import type { Instant } from '../../domain/instant.ts'
import { ruleVersion } from '../../store/allocation-rules.ts'
import { amongNewestIn } from '../../store/by-territory.ts'
import { mainIdentifier, recordsOf } from '../../store/persons.ts'
import type { RefusedRequest } from '../../store/refusals.ts'
import { frozenInRemit, frozenProfessionInRemit, type Remit } from '../../store/remit.ts'
import { territoriesWithin } from '../../store/territories.ts'
import { newestFirst, onTimePage, type TimePage } from '../../store/time-page.ts'

/** A stored refusal, with the person's surrogate for the access record. */
export interface RefusalRow {
  id: string
  at: Instant
  verb: RefusedRequest['verb']
  code: string
  pharmacy: string | null
  personId: string | null
  professional: string | null
  profession: string | null
  dispensation: string | null
  product: string | null
  quantity: number | null
  rule: RuleVersion
  /** Null if no rule decided it. */
  judged: {
    window: { start: Instant; end: Instant | null }
    cap: number
    received: number
    held: number
  } | null
  available: number | null
  operator: string | null
}

/** Which refusals are asked for. */
export interface RefusalFilter extends TimePage {
  pharmacy?: string | undefined
  professional?: string | undefined
  product?: string | undefined
  code?: string | undefined
}

const refusals = { table: sql`refusals`, alias: sql`f`, time: sql`at` }

/** The refusals in a regulator's remit, by what is frozen in them, newest first. */
export async function listRefusals(
  db: Queryable,
  regulator: Remit,
  { pharmacy, professional, product, code, ...page }: RefusalFilter,
): Promise<RefusalRow[]> {
  const matching = sql`${frozenProfessionInRemit(sql`f`, regulator)}
    ${pharmacy ? sql`and f.pharmacy = ${pharmacy}` : sql``}
    ${professional ? sql`and f.person_id in ${recordsOf(professional)}` : sql``}
    ${product ? sql`and f.product = ${product}` : sql``} ${code ? sql`and f.code = ${code}` : sql``}
    and ${onTimePage(sql`f`, page)}`
  // A pharmacy or a person has an index that finds few refusals.
  const isNarrow = pharmacy !== undefined || professional !== undefined
  const territories = isNarrow ? undefined : await territoriesWithin(db, regulator.territories)
  const amongNewest = territories && amongNewestIn(territories, refusals, matching, page.limit)
  return rowsPlannedAnew(
    db,
    'list_refusals',
    sql`select f.id, ${instant(sql`f.at`)} as at, f.verb, f.code, f.pharmacy, f.person_id as "personId",
          ${mainIdentifier(sql`f.person_id`)} as professional, f.profession, f.dispensation, f.product, f.quantity,
          f.available, f.operator, ${ruleVersion} as rule,
          case when f.cap is not null then json_build_object('cap', f.cap, 'received', f.received, 'held', f.held,
            'window', json_build_object('start', ${instant(sql`f.window_start`)}, 'end', ${instant(sql`f.window_end`)})) end as judged
        from refusals f left join allocation_rules r on r.id = f.rule_id
        where ${amongNewest ?? sql`${frozenInRemit(sql`f`, regulator)} and ${matching}`} ${newestFirst(sql`f`, page)}`,
  )
}
