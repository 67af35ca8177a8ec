import { type SQL, sql, texts } from '../db/sql.ts'
import { recordsOf } from '../store/persons.ts'
import { frozenInRemit } from '../store/remit.ts'
import { actingFor, type Caller, professionalOf } from './caller.ts'

/** A condition over ledger_entries e: the entry lies in a regulator's remit, by what is frozen in it. */
export function entryInRemit(caller: Caller) {
  return frozenInRemit(sql`e`, caller)
}

/** A condition over ledger_entries e: the caller may read the entry, as its pharmacy's, its own, or in its remit. */
export function entryReadableBy(caller: Caller): SQL {
  switch (caller.role) {
    case 'pharmacy':
      return sql`e.pharmacy = any (${texts(actingFor(caller))})`
    case 'professional':
      return sql`e.person_id in ${recordsOf(professionalOf(caller))}`
    case 'regulator':
      return entryInRemit(caller)
    case 'admin':
      return sql`false`
  }
}
