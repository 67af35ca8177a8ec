import type { Queryable, Transaction } from '../../db/database.ts'
import { row, rows } from '../../db/query.ts'
import { instant, sql } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import type { Doubt, ListedDoubt } from './schema.ts'

type Stored<View extends Doubt> = Omit<View, 'openedAt' | 'decidedAt'> & {
  openedAt: Instant
  decidedAt: Instant | null
}

const columns = sql`d.id, ${instant(sql`d.opened_at`)} as "openedAt", d.issuer, d.decision,
  ${instant(sql`d.decided_at`)} as "decidedAt", d.decided_by as "decidedBy"`

/** A doubt, with the persons whom its records belong to now and everybody who is counted together with them. */
export type DoubtedPair = Doubt & { one: string; other: string; together: string[] }

/** A doubt; undefined if there is no such. */
export async function findDoubt(tx: Transaction, id: string): Promise<DoubtedPair | undefined> {
  const found = await row<Stored<DoubtedPair>>(
    tx,
    'find_identity_doubt',
    sql`select ${columns}, one.root_id as one, other.root_id as other,
          array_to_json(array[one.root_id, other.root_id] || array(select t.other_id from counted_together t
            where t.person_id in (one.root_id, other.root_id) and t.until_seq is null)) as together
        from identity_doubts d join persons one on one.id = d.one_id join persons other on other.id = d.other_id
        where d.id = ${id}::uuid`,
  )
  return found && view(found)
}

/** Says of two persons whose heads are locked that they are distinct, whichever of their records are in doubt. */
export async function partPersons(tx: Transaction, { one, other }: DoubtedPair, reason: string): Promise<void> {
  await rows(
    tx,
    'part_persons',
    sql`update identity_doubts d set decision = 'distinct', reason = ${reason}
        from persons here, persons there
        where d.decision is null and here.id = d.one_id and there.id = d.other_id
          and here.root_id in (${one}::uuid, ${other}::uuid) and there.root_id in (${one}::uuid, ${other}::uuid)`,
  )
}

/** A doubt with the surrogates of those whom it shows, for the access record. */
export type FoundDoubt = ListedDoubt & { personIds: string[] }

/** The doubts of one state, newest first after a position, one more than a page. */
export async function listDoubts(
  db: Queryable,
  { decision, before, limit }: { decision: 'open' | 'same' | 'distinct'; before: string | null; limit: number },
): Promise<FoundDoubt[]> {
  const found = await rows<Stored<FoundDoubt>>(
    db,
    'list_identity_doubts',
    sql`select ${columns}, d.reason, (select json_agg(root.id order by root.id) from ${roots} as root) as "personIds",
          (select json_agg(json_build_object('familyName', root.family_name, 'givenName', root.given_name,
              'profession', root.profession, 'territory', root.practice_territory, 'numbers', (
                select coalesce(json_agg(i.identifier order by length(i.identifier) desc, i.identifier), '[]')
                from persons record join person_identifiers i on i.person_id = record.id where record.root_id = root.id)
            ) order by root.id) from ${roots} as root) as persons
        from identity_doubts d
        where coalesce(d.decision, 'open') = ${decision}
          and d.id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        order by d.id desc limit ${limit}::int`,
  )
  return found.map(view)
}

const roots = sql`(
  select * from persons where id in (select root_id from persons record where record.id in (d.one_id, d.other_id)))`

function view<View extends Doubt>(found: Stored<View>): View {
  const { openedAt, decidedAt } = found
  return { ...found, openedAt: iso(openedAt), decidedAt: decidedAt === null ? null : iso(decidedAt) } as unknown as View
}
