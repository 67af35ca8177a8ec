import type { Database } from '../../src/db/database.ts'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'

/** Somebody who runs a command. */
export const OPERATOR = { role: 'command', name: 'Camille', act: 'a test', address: 'localhost' }

/** An act as the journal keeps it. */
export interface KeptAct {
  role: string
  name: string
  address: string | null
  act: string
  kind: string
  object: string
  territories: string[]
  professions: string[]
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  withheld: string[]
}

/** Does something, and returns its result with the acts that the journal has kept of it, by kind. */
export async function actsOf<T>(db: Database, work: () => Promise<T>): Promise<{ result: T; acts: KeptAct[] }> {
  const [before] = await rows<{ ids: string[] }>(
    db,
    'ids_of_acts',
    sql`select coalesce(json_agg(id), '[]') as ids from admin_acts`,
  )
  const result = await work()
  const acts = await rows<KeptAct>(
    db,
    'acts_since',
    sql`select role, name, address, act, kind, object, professions, before, after, withheld,
          array(select territory from admin_act_places p where p.id = admin_acts.id order by territory) as territories
        from admin_acts
        where id <> all (${sql.param(before?.ids ?? [])}::uuid[]) order by kind, before is not null, object`,
  )
  return { result, acts }
}
