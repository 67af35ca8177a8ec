import { sql } from '../../../db/sql.ts'
import type { AnomalyKind } from './kind.ts'

const DAYS = 7 // Longer than it takes to ask two people.

/** Unlike other kinds these stay as long as nobody has decided, however long ago the doubt was raised. */
export const onePersonTwoRecords: AnomalyKind = {
  about: `a login, at \`at\`, that named two people of the directory as one, either of them in the remit, about which nobody has decided yet (\`doubt\`; \`measured\` days old), whenever that was before \`to\`; what either received counts for both meanwhile, and \`entries\` names the newest of each that is in the remit`,
  find: ({ entryInRemit, personInRemit, to }) => sql`
    select id::text as key, null as pharmacy, null as product, null as counterparty, opened_at as at, array_remove(found, null) as entries,
      '{}'::uuid[] as movements, null::int as count, null::int as total,
      (extract(epoch from clock_timestamp() - opened_at) / 86400)::float8 as measured, ${DAYS}::float8 as threshold
    from (
      select d.id, d.opened_at, array_agg(newest.id order by newest.id) as found,
        bool_or(${personInRemit} is true or newest.id is not null) as is_in_remit
      from identity_doubts d join persons record on record.id in (d.one_id, d.other_id) join persons p on p.id = record.root_id
        left join lateral (
          select e.id from persons each join ledger_entries e on e.person_id = each.id
          where each.root_id = p.id and ${entryInRemit} order by e.id desc limit 1
        ) as newest on true
      where d.decision is null and d.opened_at < ${to}
      group by d.id
    ) as doubt
    where is_in_remit`,
}
