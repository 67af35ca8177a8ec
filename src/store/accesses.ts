import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Queryable } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
import { clock, json } from '../db/sql.ts'
import type { Selection } from './selection.ts'

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

/**
 * Records an export before its first byte: one access for all whom it will show, with the selection that says whom;
 * `personId` is the one person that was asked for, if any. Answers the selection with the record's own time as its end, so that nothing recorded later slips into the export.
 */
export async function recordExport(
  db: Queryable,
  { reader, outcome, operator }: Pick<Access, 'reader' | 'outcome' | 'operator'>,
  selection: Selection,
  personId: string | null,
): Promise<Selection> {
  const { at } = await oneRow<{ at: string }>(
    db,
    'record_export',
    sql`insert into accesses (id, at, kind, person_id, reader_role, reader, outcome, operator, selection)
        select ${uuidv7()}::uuid, at, 'audit_export', ${personId}::uuid, ${reader.role}, ${reader.subject}, ${outcome}, ${operator ?? null},
          ${json(selection)} || jsonb_build_object('recordedBy', at)
        from (select ${clock} as at) as now
        returning selection ->> 'recordedBy' as at`,
  )
  return { ...selection, recordedBy: at }
}
