import type { Database } from '../../src/db/database.ts'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { databaseOnServer } from './database.ts'
import { asAdministrator } from './logins.ts'
import type { Answer } from './service.ts'

/** The types of the events on a subject, in their order. */
export async function eventsOn(db: Database, subject: string): Promise<string[]> {
  const found = await rows<{ type: string }>(
    db,
    'events_on',
    sql`select type from (
          select 1 as part, place as nth, type from event_log where coalesce(data ->> 'id', pharmacy) = ${subject}
          union all select 2, id, type from events where subject = ${subject}) as told
        order by part, nth`,
  )
  return found.map(({ type }) => type)
}

/** A refusal as it was kept. */
export interface KeptRefusal {
  verb: string
  code: string
  pharmacy: string | null
  operator: string | null
  rule: string | null
  facts: Record<string, unknown>
}

/** The refusals kept of a professional, oldest first; of null, those of people whom nobody knows. */
export function refusalsOn(db: Database, identifier: string | null): Promise<KeptRefusal[]> {
  return rows<KeptRefusal>(
    db,
    'refusals_on',
    sql`select verb, code, pharmacy, operator, rule_id as rule, facts from refusals
        where person_id is not distinct from (select person_id from person_identifiers where identifier = ${identifier}::text)
        order by id`,
  )
}

/** A reading of somebody's data as it was kept. */
export interface KeptAccess {
  kind: string
  reader_role: string
  reader: string
  pharmacy: string | null
  outcome: string
  operator: string | null
}

/**
 * The readings kept of a professional's data, oldest first, those of lists left out; of null, those that found nobody.
 */
export function accessesTo(db: Database, identifier: string): Promise<KeptAccess[]> {
  return rows<KeptAccess>(
    db,
    'accesses_to',
    sql`select kind, reader_role, reader, pharmacy, outcome, operator from accesses
        where person_ids is null and person_id is not distinct from (select person_id from person_identifiers where identifier = ${identifier}::text)
        order by id`,
  )
}

/** Moves the end of a reservation into the past; no job has ended it, so that it counts in its shelf's `held` still. */
export async function letExpire(db: Database, reservation: string): Promise<void> {
  await rows(
    db,
    'let_expire',
    sql`update reservations set expires_at = created_at + interval '1 ms'
        where id = ${reservation}::uuid`,
  )
}

/** For how many days a key is kept, or null where it lives as long as what it made. */
export async function daysKept(db: Database, key: string): Promise<(number | null)[]> {
  const found = await rows<{ days: number | null }>(
    db,
    'days_kept',
    sql`select (extract(epoch from expires_at - created_at) / 86400)::float8 as days from idempotency_keys where key = ${key}`,
  )
  return found.map(({ days }) => (days === null ? null : Math.round(days)))
}

/** Runs a statement with all rights, for what the service itself may not do. */
export async function asOwner(db: Database, statement: string): Promise<void> {
  if (db.kind === 'embedded') return void (await db.foreign(`begin; set local role none; ${statement}; commit`))
  const { rows: found } = await db.foreign('select current_database() as name')
  const [{ name }] = found as [{ name: string }]
  await asAdministrator(databaseOnServer(name), (admin) => admin.query(`begin; ${statement}; commit`))
}

/** An entry as it is read later: what its 201 said, without what is true at that moment alone. */
export function asRead({ remaining: _, receipt: __, ...entry }: Answer['body']): Answer['body'] {
  return entry
}

/** Has a key keep its whole answer, as earlier releases did. */
export async function keepWhole(db: Database, key: string, answer: object): Promise<void> {
  await asOwner(
    db,
    `update idempotency_keys set made = null, response = '${JSON.stringify(answer).replaceAll("'", "''")}' where key = '${key}'`,
  )
}
