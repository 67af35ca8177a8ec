import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { json } from '../db/sql.ts'

export const accessKinds = [
  'dispensation_check',
  'entitlements',
  'history',
  'dispensation',
  'audit',
  'audit_export',
  'ledger',
  'accesses',
  'refusals',
] as const

/** Who read whose data, as what. */
export interface Access {
  kind: (typeof accessKinds)[number]
  reader: { role: string; subject: string }
  pharmacy?: string | undefined
  outcome: string
  operator?: string | undefined
}

/** Records a reading of people's data, before it is answered: an access for each person, one where the person is unknown. */
export async function recordAccess(
  db: Queryable,
  access: Access,
  personIds: readonly (string | null)[],
): Promise<void> {
  const accesses = personIds.map((personId) => ({ id: uuidv7(), person_id: personId }))
  await rows(
    db,
    'record_access',
    sql`insert into accesses (id, kind, person_id, reader_role, reader, pharmacy, outcome, operator)
        select id, ${access.kind}, person_id, ${access.reader.role}, ${access.reader.subject}, ${access.pharmacy ?? null},
          ${access.outcome}, ${access.operator ?? null}
        from jsonb_to_recordset(${json(accesses)}) as t(id uuid, person_id uuid)`,
  )
}
