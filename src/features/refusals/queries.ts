import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { instant, sql } from '../../db/sql.ts'
import type { RuleVersion } from '../../domain/allocation-rules.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Caller } from '../../http/caller.ts'
import { ruleVersion } from '../../store/allocation-rules.ts'
import { mainIdentifier, recordsOf } from '../../store/persons.ts'
import type { RefusedRequest } from '../../store/refusals.ts'
import { frozenInRemit } from '../../store/remit.ts'
import { type TimePage, timePage } from '../../store/time-page.ts'

/** A refusal as it was kept, with the person by surrogate for the access record. */
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
  /** Null where it turned on no rule. */
  judged: {
    window: { start: Instant; end: Instant | null }
    cap: number
    received: number
    held: number
  } | null
  available: number | null
  operator: string | null
}

/** What refusals are asked for. */
export interface RefusalFilter extends TimePage {
  pharmacy?: string | undefined
  professional?: string | undefined
  product?: string | undefined
  code?: string | undefined
}

/**
 * The refusals in a regulator's remit by what is frozen in them, newest first. A statement for each filter with an index
 * of its own: one plan would not do for all.
 */
export function listRefusals(
  db: Queryable,
  regulator: Caller,
  { pharmacy, professional, product, code, ...page }: RefusalFilter,
): Promise<RefusalRow[]> {
  const atPharmacy = pharmacy ? sql`and d.pharmacy = ${pharmacy}` : sql``
  const ofPerson = professional ? sql`and d.person_id in ${recordsOf(professional)}` : sql``
  return rows(
    db,
    `list_refusals${pharmacy ? '_at_pharmacy' : ''}${professional ? '_of_person' : ''}`,
    sql`select d.id, ${instant(sql`d.at`)} as at, d.verb, d.code, d.pharmacy, d.person_id as "personId",
          ${mainIdentifier(sql`d.person_id`)} as professional, d.profession, d.dispensation, d.product, d.quantity,
          d.available, d.operator, ${ruleVersion} as rule,
          case when d.cap is not null then json_build_object('cap', d.cap, 'received', d.received, 'held', d.held,
            'window', json_build_object('start', ${instant(sql`d.window_start`)}, 'end', ${instant(sql`d.window_end`)})) end as judged
        from decisions d left join allocation_rules r on r.id = d.rule_id
        where ${frozenInRemit(sql`d`, regulator)} ${atPharmacy} ${ofPerson}
          and (${product ?? null}::text is null or d.product = ${product ?? null}::text)
          and d.code = coalesce(${code ?? null}, d.code) and ${timePage(sql`d`, page)}`,
  )
}
