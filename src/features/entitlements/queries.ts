import type { Queryable } from '../../db/database.ts'
import { row } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import type { EntitlementFacts } from '../../domain/beneficiary.ts'
import { type Reading, recordingOne } from '../../store/accesses.ts'
import { type FactsRow, factsOf, factsQuery } from '../../store/entitlement-facts.ts'
import { personInRemit, type Remit } from '../../store/remit.ts'

/** What decides at this moment what somebody may receive, and the active products. */
export interface Entitled {
  facts: EntitlementFacts
  products: string[]
}

/**
 * Reads in one statement what decides how much a professional may receive of each product. Undefined if nobody has this
 * identifier or, for a regulator, nobody in its remit. A regulator's reading is recorded, attempts included.
 */
export async function readEntitled(
  db: Queryable,
  identifier: string,
  regulator?: { reading: Reading; remit: Remit },
): Promise<Entitled | undefined> {
  const now = { occurredAt: null, pharmacy: null }
  const record =
    regulator && recordingOne(regulator.reading, { identifier }, personInRemit(sql`i.person_id`, regulator.remit))
  const person = sql`(select person_id from person_identifiers where identifier = ${identifier})`
  const found = await row<FactsRow & { products: string[] }>(
    db,
    `entitlements${regulator ? '_recorded' : ''}`,
    sql`${record ?? sql``}
        select facts.*, (select coalesce(json_agg(code order by code), '[]') from products where active) as products
        from (${factsQuery({ identifier, ...now })}) as facts
        where ${regulator ? personInRemit(person, regulator.remit) : sql`true`}`,
  )
  const facts = found && factsOf(found, now)
  return facts && { facts, products: found.products }
}
