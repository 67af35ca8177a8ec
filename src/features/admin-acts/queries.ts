import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { instant, type SQL, sql, texts } from '../../db/sql.ts'
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
  'doubt',
  'rule',
  'client',
  'secret',
  'request',
  'grant',
  'consent',
  'token',
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
export function listActs(db: Queryable, remit: Remit, filter: ActFilter): Promise<AdminAct[]> {
  const { object, professional } = filter
  const isNamed = object !== undefined || professional !== undefined
  const name = isNamed ? `list_admin_acts_on_${professional ? 'person' : 'object'}` : 'list_admin_acts'
  return rows<AdminAct>(db, name, isNamed ? actsOn(remit, filter) : newestActs(remit, filter))
}

const columns = sql`a.id, ${instant(sql`a.at`)} as at, a.role, a.name, a.address, a.act, a.kind, a.object, a.before, a.after,
  a.withheld`

function actsOn(remit: Remit, { kind, object, professional, ...page }: ActFilter): SQL {
  const ofPerson = professional
    ? sql`and a.kind in ('professional', 'number') and a.object in (select id::text from ${recordsOf(professional)} as record(id))`
    : sql``
  return sql`select ${columns} from admin_acts a
    where (${object ?? null}::text is null or a.object = ${object ?? null}) and a.kind = coalesce(${kind ?? null}, a.kind) ${ofPerson}
      and exists (select from admin_act_places p where p.id = a.id and p.territory in ${placesOf(remit)})
      and ${hasProfession(remit)} and ${timePage(sql`a`, page)}`
}

// The newest of each place and kind, of which there are few, so that no number of acts elsewhere is walked.
function newestActs(remit: Remit, { kind, ...page }: ActFilter): SQL {
  return sql`select ${columns} from (
      select distinct newest.at, newest.id from ${placesOf(remit)} as place(territory),
        unnest(${texts(kind === undefined ? kinds : [kind])}) as sort(kind), lateral (
          select p.at, p.id from admin_act_places p join admin_acts a on a.id = p.id
          where p.territory = place.territory and p.kind = sort.kind and ${hasProfession(remit)} and ${timePage(sql`p`, page)}
        ) as newest
      order by newest.at desc, newest.id desc limit ${page.limit}::int
    ) as found join admin_acts a on a.id = found.id order by a.at desc, a.id desc`
}

function placesOf(remit: Remit): SQL {
  return sql`(select territory from (select * from ${territoriesOf(remit)} as below(territory)
    union select '' from territories where code = any (${texts(remit.territories)}) and parent is null) as places)`
}

function hasProfession({ professions }: Remit): SQL {
  const wanted = texts(professions)
  return sql`(cardinality(${wanted}) = 0 or cardinality(a.professions) = 0 or a.professions && ${wanted})`
}
