import type { Queryable } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
import { instant, type SQL, sql, timestamp } from '../db/sql.ts'
import { type Day, type DayRoot, dayOf, type Kept, startOf } from '../domain/anchored-day.ts'
import type { Instant } from '../domain/instant.ts'
import { type Edge, grow, rootOfEdge } from '../domain/merkle.ts'
import { DAY_MS } from '../domain/periods.ts'

const PAGE = 10_000
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

const at = sql`(extract(epoch from at) * 1000)::bigint`

/** How rows are written as leaves; a day says by which form it was anchored. */
export const FORM = 1

// Form 1: a JSON array as PostgreSQL writes it, in UTF-8, of every column, times in milliseconds. A column that is
// added is for a new form, and earlier days keep theirs. The ids are so random that nobody can guess a row from its
// hash.
const leaves: Record<Kept, SQL> = {
  accesses: sql`json_build_array('gomask-access-v1', id, ${at}, kind, person_id, person_ids, reader_role, reader, pharmacy,
    outcome, operator, selection)`,
  refusals: sql`json_build_array('gomask-refusal-v1', id, ${at}, verb, code, person_id, pharmacy, rule_id, facts, operator,
    profession, practice_territory, pharmacy_territory, dispensation, product, quantity,
    (extract(epoch from window_start) * 1000)::bigint, (extract(epoch from window_end) * 1000)::bigint, cap, received, held,
    available)`,
  admin_acts: sql`json_build_array('gomask-act-v1', id, ${at}, role, name, address, act, kind, object, professions, before,
    after, withheld, array(select territory from admin_act_places p where p.id = admin_acts.id order by territory collate "C"))`,
}

/** Reads the rows of a day in the order of their times, a page at a time, and works out their root. */
export async function readDayRoot(db: Queryable, kept: Kept, day: Day): Promise<DayRoot> {
  const end = startOf(day) + DAY_MS
  let edge: Edge = { size: 0, levels: [] }
  for (let after = { at: startOf(day) - 1, id: LAST_ID }; ; ) {
    const page = await readLeaves(db, kept, after, end)
    edge = grow(
      edge,
      page.map(({ hash }) => Buffer.from(hash, 'base64')),
    ).edge
    const last = page[PAGE - 1]
    if (!last) return { count: edge.size, root: rootOfEdge(edge).toString('base64') }
    after = last
  }
}

interface Leaf {
  at: Instant
  id: string
  /** sha256(0x00 ‖ leaf), as in RFC 6962; by PostgreSQL, so that a row travels as 32 bytes. */
  hash: string
}

function readLeaves(db: Queryable, kept: Kept, after: { at: Instant; id: string }, end: Instant): Promise<Leaf[]> {
  return rows(
    db,
    `leaves_of_${kept}`,
    sql`select ${instant(sql`at`)} as at, id, encode(sha256('\\x00'::bytea || convert_to(leaf, 'UTF8')), 'base64') as hash
        from (
          select at, id, ${leaves[kept]}::text as leaf from ${sql.raw(kept)}
          where (at, id) > (${timestamp(after.at)}, ${after.id}::uuid) and at < ${timestamp(end)}
          order by at, id limit ${PAGE}::int
        ) as page order by page.at, page.id`,
  )
}

/** The day of the oldest row that is kept; undefined if there is none. */
export async function firstDay(db: Queryable, kept: Kept): Promise<Day | undefined> {
  const { first } = await oneRow<{ first: Instant | null }>(
    db,
    `first_of_${kept}`,
    sql`select ${instant(sql`min(at)`)} as first from ${sql.raw(kept)}`,
  )
  return first === null ? undefined : dayOf(first)
}
