import { instant, sql } from '../db/sql.ts'

/** The source of a rule r, with its members in the order of answers, which jsonb does not keep. */
const ruleSource = sql`
  json_build_object('title', r.source -> 'title', 'reference', r.source -> 'reference', 'url', r.source -> 'url')`

/** A RuleVersion from a row r of allocation_rules, or null if there is none. */
export const ruleVersion = sql`
  case when r.id is not null
    then json_build_object('id', r.id, 'source', ${ruleSource}, 'publishedAt', ${instant(sql`r.published_at`)}) end`

/** The keys and values of an AllocationRule, for json_build_object over a row r of allocation_rules. */
export const ruleColumns = sql`
  'id', r.id, 'beneficiaries', beneficiaries, 'products', products, 'cap', cap, 'subCaps', sub_caps,
  'window', json_strip_nulls(json_build_object('kind', window_kind, 'count', window_count)),
  'territory', territory, 'validFrom', ${instant(sql`valid_from`)}, 'validTo', ${instant(sql`valid_to`)},
  'withdrawnAt', ${instant(sql`withdrawn_at`)}, 'source', ${ruleSource}, 'confidence', confidence,
  'publishedAt', ${instant(sql`published_at`)}`
