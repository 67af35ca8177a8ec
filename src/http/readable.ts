import type { Queryable } from '../db/database.ts'
import type { EntryReader } from '../store/entries.ts'
import { isSamePerson } from '../store/persons.ts'
import { actingFor, type Caller, professionalOf } from './caller.ts'
import { Problem } from './problem.ts'

/** Makes sure that professionals read only about themselves, under any of their numbers. Throws 404. */
export async function requireSelf(db: Queryable, caller: Caller, identifier: string): Promise<void> {
  if (!(await isSamePerson(db, professionalOf(caller), identifier))) {
    throw new Problem('not_found', {
      en: 'There is no such professional that you may read about.',
      fr: 'Aucun professionnel dont vous puissiez lire les données ne porte ce numéro.',
    })
  }
}

/** A caller as a reader of the ledger's entries. */
export function entryReaderOf(caller: Caller): EntryReader {
  switch (caller.role) {
    case 'pharmacy':
      return { role: caller.role, pharmacies: actingFor(caller) }
    case 'professional':
      return { role: caller.role, identifier: professionalOf(caller) }
    case 'regulator':
      return { role: caller.role, remit: caller }
    case 'admin':
      return { role: caller.role }
  }
}
