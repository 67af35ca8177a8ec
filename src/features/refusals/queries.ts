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

/**
 * The refusals in a regulator's remit, by what is frozen in them, newest first. Each filter that has its own index has
 * its own statement, since one plan would not suit them all.
 */
export function listRefusals(
  db: Queryable,
  regulator: Caller,
  { pharmacy, professional, product, code, ...page }: RefusalFilter,
): Promise<RefusalRow[]> {
  const atPharmacy = pharmacy ? sql`and f.pharmacy = ${pharmacy}` : sql``
  const ofPerson = professional ? sql`and f.person_id in ${recordsOf(professional)}` : sql``
  return rows(
    db,
    `list_refusals${pharmacy ? '_at_pharmacy' : ''}${professional ? '_of_person' : ''}`,
    sql`select f.id, ${instant(sql`f.at`)} as at, f.verb, f.code, f.pharmacy, f.person_id as "personId",
          ${mainIdentifier(sql`f.person_id`)} as professional, f.profession, f.dispensation, f.product, f.quantity,
          f.available, f.operator, ${ruleVersion} as rule,
          case when f.cap is not null then json_build_object('cap', f.cap, 'received', f.received, 'held', f.held,
            'window', json_build_object('start', ${instant(sql`f.window_start`)}, 'end', ${instant(sql`f.window_end`)})) end as judged
        from refusals f left join allocation_rules r on r.id = f.rule_id
        where ${frozenInRemit(sql`f`, regulator)} ${atPharmacy} ${ofPerson}
          and (${product ?? null}::text is null or f.product = ${product ?? null}::text)
          and f.code = coalesce(${code ?? null}, f.code) and ${timePage(sql`f`, page)}`,
  )
}
