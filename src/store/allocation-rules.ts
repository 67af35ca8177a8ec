import { sql } from 'drizzle-orm'
import { instant } from '../db/sql.ts'

/** The keys and values of an AllocationRule, for json_build_object over a row of allocation_rules. */
export const ruleColumns = sql`
  'id', id, 'beneficiaries', beneficiaries, 'products', products, 'cap', cap, 'subCaps', sub_caps,
  'window', json_strip_nulls(json_build_object('kind', window_kind, 'count', window_count)),
  'territory', territory, 'validFrom', ${instant(sql`valid_from`)}, 'validTo', ${instant(sql`valid_to`)},
  'withdrawnAt', ${instant(sql`withdrawn_at`)}, 'source', source, 'confidence', confidence`
