import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { sql, texts } from '../../db/sql.ts'
import type { EventKind, EventType } from '../../domain/event-types.ts'
import { phrase } from '../../domain/language.ts'
import { Rejection } from '../../domain/refusals.ts'
import type { Caller } from '../../http/caller.ts'
import { eventKindsFor } from '../../http/event-reader.ts'
import { pharmacyInRemit } from '../../store/remit.ts'

/** Throws `forbidden` unless the caller may read events of all these types, of all these pharmacies. */
export async function requireReadable(
  db: Queryable,
  caller: Caller,
  types: readonly EventType[],
  pharmacies: readonly string[],
): Promise<void> {
  const { role } = caller
  const kinds = role === 'admin' ? [] : eventKindsFor(role, caller.client?.scopes)
  const type = types.find((each) => !kinds.includes(kindOf(each)))
  if (type !== undefined) throw new Rejection('forbidden', unreadable(type))
  const own = role === 'pharmacy' ? caller.finess : await inRemit(db, caller, pharmacies)
  if (!pharmacies.every((pharmacy) => own.includes(pharmacy))) throw new Rejection('forbidden', another)
}

async function inRemit(db: Queryable, remit: Caller, pharmacies: readonly string[]): Promise<string[]> {
  const found = await rows<{ finess: string }>(
    db,
    'pharmacies_in_remit',
    sql`select named.finess from unnest(${texts(pharmacies)}) as named (finess)
        where ${pharmacyInRemit(sql`named.finess`, remit)}`,
  )
  return found.map(({ finess }) => finess)
}

function kindOf(type: EventType): EventKind {
  return type.split('.')[0] as EventKind
}

const unreadable = (type: string) => ({
  en: phrase`This client may not read events of the type ${type}: it lacks the role or the scope.`,
  fr: phrase`Ce client ne peut pas lire les événements de type ${type} : il lui manque le rôle ou le scope.`,
})
const another = {
  en: 'The client does not act for every pharmacy that is named, or not all are in its remit.',
  fr: 'Le client n’agit pas pour toutes les officines nommées, ou toutes ne relèvent pas de son périmètre.',
}
