import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { instant, sql, texts } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'
import { recordsOf } from '../../store/persons.ts'
import { type Remit, territoriesOf } from '../../store/remit.ts'
import { type TimePage, timePage } from '../../store/time-page.ts'

export const kinds = [
  'product',
  'pack',
  'pharmacy',
  'professional',
  'number',
  'rule',
  'client',
  'secret',
  'grant',
] as const

/** What was done to one object. Members that are withheld are only said to have changed. */
export interface AdminAct {
  id: string
  at: Instant
  role: string
  name: string
  address: string | null
  act: string
  kind: (typeof kinds)[number]
  object: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  withheld: string[]
}

/** Which acts are asked for. */
export interface ActFilter extends TimePage {
  kind?: AdminAct['kind'] | undefined
  object?: string | undefined
  professional?: string | undefined
}

/**
 * The acts in a regulator's remit, newest first: by a territory that the object had before or after, and for people by
 * the profession too. What belongs to no territory is for those responsible for a whole country.
 */
export function listActs(
  db: Queryable,
  remit: Remit,
  { kind, object, professional, ...page }: ActFilter,
): Promise<AdminAct[]> {
  const ofPerson = professional
    ? sql`and a.kind in ('professional', 'number') and a.object in (select id::text from ${recordsOf(professional)} as record(id))`
    : sql``
  const professions = texts(remit.professions)
  return rows<AdminAct>(
    db,
    `list_admin_acts${professional ? '_on_person' : ''}`,
    sql`select a.id, ${instant(sql`a.at`)} as at, a.role, a.name, a.address, a.act, a.kind, a.object, a.before, a.after, a.withheld
        from admin_acts a
        where (a.territories && array${territoriesOf(remit)} or cardinality(a.territories) = 0 and exists (
            select from territories where code = any (${texts(remit.territories)}) and parent is null))
          and (cardinality(${professions}) = 0 or cardinality(a.professions) = 0 or a.professions && ${professions})
          and a.kind = coalesce(${kind ?? null}, a.kind) and a.object = coalesce(${object ?? null}, a.object) ${ofPerson}
          and ${timePage(sql`a`, page)}`,
  )
}
