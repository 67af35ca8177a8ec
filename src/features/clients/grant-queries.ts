import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from '../../db/database.ts'
import { row, rows } from '../../db/query.ts'
import { clock, instant, sql, texts, uuids } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import type { Grant } from './schema.ts'

const columns = sql`g.id, g.finess as pharmacy, json_build_object('id', c.id, 'name', c.name) as client,
  ${instant(sql`g.granted_at`)} as "grantedAt", split_part(g.granted_by, ' ', 1) as "grantedBy",
  ${instant(sql`g.withdrawn_at`)} as "withdrawnAt", split_part(g.withdrawn_by, ' ', 1) as "withdrawnBy"`

/** A grant that has not been withdrawn. */
export interface LiveGrant {
  id: string
  finess: string
}

interface Row extends Omit<Grant, 'grantedAt' | 'withdrawnAt'> {
  grantedAt: Instant
  withdrawnAt: Instant | null
}

/** Lets a client act for a pharmacy from now on; false if it already does. */
export async function insertGrant(
  tx: Transaction,
  id: string,
  client: string,
  finess: string,
  by: string,
): Promise<boolean> {
  const inserted = await row(
    tx,
    'insert_grant',
    sql`insert into client_grants (id, client_id, finess, granted_at, granted_by)
        values (${id}::uuid, ${client}::uuid, ${finess}, ${clock}, ${by})
        on conflict (client_id, finess) where withdrawn_at is null do nothing returning true as inserted`,
  )
  return inserted !== undefined
}

/** Ends the live grant, if there is one. */
export async function endGrant(tx: Transaction, client: string, finess: string, by: string): Promise<void> {
  await rows(
    tx,
    'end_grant',
    sql`update client_grants set withdrawn_at = ${clock}, withdrawn_by = ${by}
        where client_id = ${client}::uuid and finess = ${finess} and withdrawn_at is null`,
  )
}

/** The live grant of a pharmacy to a client, or the one that ended last; undefined if there was none. */
export async function findGrant(db: Queryable, client: string, finess: string): Promise<Grant | undefined> {
  const found = await row<Row>(
    db,
    'find_grant',
    sql`select ${columns} from client_grants g join clients c on c.id = g.client_id
        where g.client_id = ${client}::uuid and g.finess = ${finess}
        order by g.withdrawn_at desc nulls first, g.id desc limit 1`,
  )
  return found && view(found)
}

/** Those of some pharmacies that let a client act for them now. */
export async function findGranted(db: Queryable, client: string, pharmacies: readonly string[]): Promise<LiveGrant[]> {
  return rows(
    db,
    'find_granted',
    sql`select id, finess from client_grants
        where client_id = ${client}::uuid and finess = any (${texts(pharmacies)}) and withdrawn_at is null`,
  )
}

/** Lets a client act for those of some pharmacies that there are and that do not let it yet, and returns these. */
export async function insertGrants(
  tx: Transaction,
  client: string,
  pharmacies: readonly string[],
  by: string,
): Promise<LiveGrant[]> {
  const made = pharmacies.map(() => uuidv7())
  return rows(
    tx,
    'insert_grants',
    sql`insert into client_grants (id, client_id, finess, granted_at, granted_by)
        select made.id, ${client}::uuid, p.finess, ${clock}, ${by}
        from unnest(${uuids(made)}, ${texts(pharmacies)}) as made (id, finess) join pharmacies p on p.finess = made.finess
        order by p.finess
        on conflict (client_id, finess) where withdrawn_at is null do nothing returning id, finess`,
  )
}

/** The grants given by a pharmacy, including ended ones, newest first after a position. */
export async function listGrants(
  db: Queryable,
  finess: string,
  before: string | null,
  limit: number,
): Promise<Grant[]> {
  const found = await rows<Row>(
    db,
    'list_grants',
    sql`select ${columns} from client_grants g join clients c on c.id = g.client_id
        where g.finess = ${finess} and g.id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        order by g.id desc limit ${limit}::int`,
  )
  return found.map(view)
}

/** Whether there is such a pharmacy. */
export async function isPharmacy(db: Queryable, finess: string): Promise<boolean> {
  return (await row(db, 'is_pharmacy', sql`select true as is from pharmacies where finess = ${finess}`)) !== undefined
}

/** The surrogate of the person with a national number, or undefined. */
export async function findPerson(db: Queryable, number: string): Promise<string | undefined> {
  const found = await row<{ id: string }>(
    db,
    'find_person_of_number',
    sql`select person_id as id from person_identifiers where identifier = ${number}`,
  )
  return found?.id
}

function view({ grantedAt, withdrawnAt, ...grant }: Row): Grant {
  return { ...grant, grantedAt: iso(grantedAt), withdrawnAt: withdrawnAt === null ? null : iso(withdrawnAt) }
}
