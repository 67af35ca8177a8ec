import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { requireKnown } from '../../domain/named.ts'
import { invalid } from '../../domain/refusals.ts'
import type { Caller } from '../../http/caller.ts'
import { afterFrom } from '../../http/complaint.ts'
import { findPersonInRemit } from '../../store/remit.ts'
import type { Selection } from '../../store/selection.ts'
import { findTerritories, territoriesWithin } from '../../store/territories.ts'
import type { SelectionQuery } from './schema.ts'

/** What a regulator asked for: the selection and, if it names a professional, who that is. */
export interface Asked {
  selection: Selection
  /** Null if nobody has this number. */
  person: { personId: string; inRemit: boolean } | null | undefined
}

/**
 * Turns a query into a selection within the caller's remit. Rejects unknown territories and times that end too early.
 */
export async function readSelection(db: Queryable, caller: Caller, query: SelectionQuery): Promise<Asked> {
  const { from, to, professional } = query
  requireForward(from, to)
  const [remit, territories, person] = await Promise.all([
    territoriesWithin(db, caller.territories),
    query.territory === undefined ? undefined : readTerritory(db, query.territory),
    professional === undefined ? undefined : findPerson(db, caller, professional),
  ])
  return {
    selection: {
      remit,
      professions: caller.professions.length > 0 ? caller.professions : undefined,
      from: from === undefined ? undefined : iso(from),
      to: to === undefined ? undefined : iso(to),
      pharmacy: query.pharmacy,
      persons: person === undefined ? undefined : person ? await recordsOf(db, person.personId) : [],
      profession: query.profession,
      territories,
      product: query.product,
      lot: query.lot,
      flag: query.flag,
    },
    person,
  }
}

/** Makes sure that a stretch of time ends after it begins. */
export function requireForward(from: Instant | undefined, to: Instant | undefined): void {
  if (from !== undefined && to !== undefined && to <= from) throw invalid('to', afterFrom)
}

/** The codes of a territory and of all below it. Rejects an unknown one. */
export async function readTerritory(db: Queryable, code: string): Promise<string[]> {
  requireKnown('territory', [{ path: 'territory', code }], await findTerritories(db, [code]))
  return territoriesWithin(db, [code])
}

async function findPerson(db: Queryable, caller: Caller, identifier: string) {
  return (await findPersonInRemit(db, caller, identifier)) ?? null
}

async function recordsOf(db: Queryable, personId: string): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    'records_of_person',
    sql`select id from persons where root_id = ${personId}::uuid order by id`,
  )
  return found.map(({ id }) => id)
}
