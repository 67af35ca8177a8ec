import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from '../db/database.ts'
import { oneRow, rows, send } from '../db/query.ts'
import { clock, json, type SQL, sql } from '../db/sql.ts'
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
  'reservation',
  'professional',
  'erasure',
] as const

/** Who reads which kind of data, and in what role. */
export interface Reading {
  kind: (typeof accessKinds)[number]
  reader: { role: string; subject: string }
  /** The pharmacy that reads; if left out, the one of the thing it reads. */
  pharmacy?: string | undefined
  operator?: string | undefined
}

/** Who read whose data, in what role, and with what outcome. */
export interface Access extends Reading {
  outcome: string
}

/** Records a reading of people's data before it is answered: one access per person, or one if the person is unknown. */
export async function recordAccess(
  db: Queryable,
  access: Access,
  personIds: readonly (string | null)[],
): Promise<void> {
  await rows(db, 'record_access', insertAccesses(access, personIds))
}

/** Records, with the COMMIT, what a transaction reads of one person, known or not. */
export function sendAccess(tx: Transaction, access: Access, personId: string | null): void {
  send(tx, 'record_access', insertAccesses(access, [personId]))
}

function insertAccesses(access: Access, personIds: readonly (string | null)[]): SQL {
  const accesses = personIds.map((personId) => ({ id: uuidv7(), person_id: personId }))
  return sql`
    insert into accesses (id, kind, person_id, reader_role, reader, pharmacy, outcome, operator)
    select id, ${access.kind}, person_id, ${access.reader.role}, ${access.reader.subject}, ${access.pharmacy ?? null},
      ${access.outcome}, ${access.operator ?? null}
    from jsonb_to_recordset(${json(accesses)}) as t(id uuid, person_id uuid)`
}

/** One thing about one person: an entry e, a reservation r, or the directory's record for an identifier i. */
export type Subject = { entry: string } | { reservation: string } | { identifier: string }

/**
 * A `with` that records the reading of one thing in the statement that reads it. Attempts are recorded too: at
 * something that is not the reader's by `isShown` (over the subject's alias), or that does not exist. The statement
 * itself finds the person concerned.
 */
export function recordingOne(reading: Reading, subject: Subject, isShown: SQL): SQL {
  return sql`with recorded as (${insertOne(reading, subject, isShown)})`
}

/** Records, with the COMMIT, that one thing was shown. */
export function sendReading(tx: Transaction, reading: Reading, subject: Subject): void {
  const [thing] = Object.keys(subject)
  send(tx, `record_reading_of_${thing}_as_${reading.reader.role}`, insertOne(reading, subject, sql`true`))
}

function insertOne(reading: Reading, subject: Subject, isShown: SQL): SQL {
  const { kind, reader, operator } = reading
  const { found, alias, place } = sourceOf(subject)
  // A regulator or an admin reads at no pharmacy. A pharmacy reads at the thing's own, if that is shown.
  const there = reader.role === 'pharmacy' && place ? sql`case when ${isShown} then ${alias}.pharmacy end` : sql`null`
  return sql`
    insert into accesses (id, kind, person_id, reader_role, reader, pharmacy, outcome, operator)
    select ${uuidv7()}::uuid, ${kind}, ${alias}.person_id, ${reader.role}, ${reader.subject},
      coalesce(${there}, ${reading.pharmacy ?? null}), case when ${isShown} then 'shown' else 'not_found' end, ${operator ?? null}
    from (select) as asked left join ${found}`
}

function sourceOf(subject: Subject): { found: SQL; alias: SQL; place: boolean } {
  if ('entry' in subject)
    return { found: sql`ledger_entries e on e.id = ${subject.entry}::uuid`, alias: sql`e`, place: true }
  if ('reservation' in subject)
    return { found: sql`reservations r on r.id = ${subject.reservation}::uuid`, alias: sql`r`, place: true }
  return { found: sql`person_identifiers i on i.identifier = ${subject.identifier}`, alias: sql`i`, place: false }
}

/**
 * Wraps a list's statement: records one access to everybody in the rows shown, and returns the rows. The statement must
 * select "personId", and one row more than is shown.
 */
export function recordingList(reading: Reading, list: SQL, shown: number, order: SQL): SQL {
  return sql`with found as (${list}), recorded as (
      ${insertList(reading, sql`select "personId" from (select * from found ${order} limit ${shown}::int) as shown`)})
    select * from found ${order}`
}

/** Records that a list was read: one access to everybody it shows, none if it shows nobody. */
export async function recordListReading(db: Queryable, reading: Reading, personIds: readonly string[]): Promise<void> {
  const persons = sql`select unnest(${sql.param(personIds)}::uuid[])`
  await rows(db, 'record_list_reading', insertList(reading, persons))
}

/** Records that things of several kinds were listed, at several pharmacies: an access for each of both. */
export async function recordListReadings(
  db: Queryable,
  { reader, operator }: Omit<Reading, 'kind'>,
  shown: readonly { kind: Reading['kind']; pharmacy: string | null; personId: string }[],
): Promise<void> {
  const lists = Map.groupBy(shown, ({ kind, pharmacy }) => `${kind} ${pharmacy}`)
  const accesses = [...lists.values()].flatMap(([first, ...more]) =>
    first
      ? [{ id: uuidv7(), ...first, person_ids: [...new Set([first, ...more].map(({ personId }) => personId))] }]
      : [],
  )
  await rows(
    db,
    'record_list_readings',
    sql`insert into accesses (id, kind, person_ids, reader_role, reader, pharmacy, outcome, operator)
        select id, kind, person_ids, ${reader.role}, ${reader.subject}, pharmacy, 'shown', ${operator ?? null}
        from jsonb_to_recordset(${json(accesses)}) as t(id uuid, kind text, person_ids uuid[], pharmacy text)`,
  )
}

function insertList({ kind, reader, pharmacy, operator }: Reading, persons: SQL): SQL {
  return sql`
    insert into accesses (id, kind, person_ids, reader_role, reader, pharmacy, outcome, operator)
    select ${uuidv7()}::uuid, ${kind}, ids, ${reader.role}, ${reader.subject}, ${pharmacy ?? null}, 'shown', ${operator ?? null}
    from (select array_agg(distinct id) as ids from (${persons}) as person(id)) as persons where ids is not null`
}

/**
 * Records an export before its first byte: one access for everybody it will show, with the selection that determines
 * them. `personId` is the person who was asked for, if any. Returns the selection, limited to the time of the record so
 * that nothing recorded later slips into the export.
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
