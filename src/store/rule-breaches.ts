import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { sql } from '../db/sql.ts'
import type { AllocationRule } from '../domain/allocation-rules.ts'
import { unsealRecord } from '../domain/log-record.ts'
import {
  RULE_PUBLISHED,
  RULE_WITHDRAWN,
  type RuleAuthority,
  readPublication,
  readWithdrawal,
  ruleHash,
} from '../domain/rule-record.ts'
import { ruleColumns } from './allocation-rules.ts'
import { ADOPTED, isRecorded } from './log-records.ts'

/** A rule that is not what the log's records say. */
interface RuleBreach {
  invariant: 'I6'
  row: string
  found: string
}

/** A rule and the records about it, whichever there are. */
interface Told {
  id: string
  rule: AllocationRule | null
  authority: RuleAuthority
  published: string | null
  withdrawn: string | null
}

/**
 * The rules that say something else than was published, were withdrawn otherwise, were never published, or are gone.
 * None while those of an older release have yet to be recorded.
 */
export async function ruleBreaches(db: Queryable): Promise<RuleBreach[]> {
  if (!(await isRecorded(db, ADOPTED, 'rules'))) return []
  const told = await rows<Told>(
    db,
    'rules_and_records',
    sql`select coalesce(r.id::text, p.subject) as id, case when r.id is not null then json_build_object(${ruleColumns}) end as rule,
          case when authority_territory is not null
            then json_build_object('territory', authority_territory, 'professions', authority_professions) end as authority,
          encode(p.canonical, 'base64') as published, encode(w.canonical, 'base64') as withdrawn
        from allocation_rules r full join (select * from log_records where kind = ${RULE_PUBLISHED}) p on p.subject = r.id::text
        left join log_records w on w.kind = ${RULE_WITHDRAWN} and w.subject = coalesce(r.id::text, p.subject)
        order by 1`,
  )
  return told.flatMap((each) => {
    const found = faultOf(each)
    return found === undefined ? [] : [{ invariant: 'I6', row: `allocation rule ${each.id}`, found }]
  })
}

function faultOf({ rule, authority, published, withdrawn }: Told): string | undefined {
  if (rule === null) return 'it was published, and is gone'
  if (published === null) return 'the log holds no record of its publication'
  const publication = readPublication(recordIn(published))
  if (!publication) return 'the record of its publication cannot be read'
  if (publication.ruleHash !== ruleHash(rule)) return 'it says something else than what was published'
  if (JSON.stringify(publication.authority) !== JSON.stringify(authority)) {
    return 'another authority is named than the one that published it'
  }
  const withdrawnAt = withdrawn === null ? null : readWithdrawal(recordIn(withdrawn))
  return withdrawnAt === rule.withdrawnAt ? undefined : 'it is withdrawn otherwise than the log’s records say'
}

/** What a record says; nothing where its bytes are no record, which is a fault of its own. */
function recordIn(canonical: string): { subject: string; fields: readonly unknown[] } {
  return unsealRecord(Buffer.from(canonical, 'base64').toString()) ?? { subject: '', fields: [] }
}
