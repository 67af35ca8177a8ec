import type { Queryable, Transaction } from '../../db/database.ts'
import { oneRow, row, rows } from '../../db/query.ts'
import { clock, instant, type SQL, sql, texts } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import type { Consent } from './consent-schema.ts'

/** Who reads: a client what it has asked, of these pharmacies if its token is for them alone, or these pharmacies. */
export interface Party {
  client: string | null
  pharmacies: readonly string[] | null
}

const status = sql`case when q.outcome is not null then q.outcome when q.expires_at > clock_timestamp() then 'pending' else 'expired' end`
const columns = sql`q.id, json_build_object('id', c.id, 'name', c.name, 'scopes', c.scopes) as client,
  json_build_object('finess', p.finess, 'name', p.name) as pharmacy, ${status} as status,
  ${instant(sql`q.asked_at`)} as "askedAt", ${instant(sql`q.expires_at`)} as "expiresAt",
  ${instant(sql`q.answered_at`)} as "answeredAt"`
const tables = sql`consents q join clients c on c.id = q.client_id join pharmacies p on p.finess = q.finess`

interface Row extends Omit<Consent, 'askedAt' | 'expiresAt' | 'answeredAt'> {
  askedAt: Instant
  expiresAt: Instant
  answeredAt: Instant | null
}

/** Makes whoever asks a pharmacy for the same client queue. */
export async function awaitTurnToAsk(tx: Transaction, client: string, finess: string): Promise<void> {
  const name = `consent ${client} ${finess}`
  await rows(tx, 'await_turn_to_ask', sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`)
}

/** How often a client has asked a pharmacy within a day, and the seconds until the oldest of these is a day old. */
export function countAsked(tx: Transaction, client: string, finess: string): Promise<{ times: number; wait: number }> {
  return oneRow(
    tx,
    'count_asked',
    sql`select count(*)::int as times,
          coalesce(ceil(extract(epoch from min(asked_at) + interval '1 day' - clock_timestamp())), 0)::int as wait
        from consents where client_id = ${client}::uuid and finess = ${finess} and asked_at > clock_timestamp() - interval '1 day'`,
  )
}

/** Puts a request in that lasts so many days. */
export async function insertConsent(
  tx: Transaction,
  asked: { id: string; client: string; finess: string; codeHash: string; days: number },
): Promise<void> {
  await rows(
    tx,
    'insert_consent',
    sql`insert into consents (id, client_id, finess, code_hash, asked_at, expires_at)
        values (${asked.id}::uuid, ${asked.client}::uuid, ${asked.finess}, ${asked.codeHash}, ${clock},
          ${clock} + make_interval(days => ${asked.days}::int))`,
  )
}

/** Ends what a client has asked a pharmacy before and has no answer to. */
export async function replaceOpen(tx: Transaction, client: string, finess: string, by: string): Promise<void> {
  await rows(
    tx,
    'replace_consent',
    sql`update consents set outcome = 'replaced', answered_at = ${clock}, answered_by = ${by}
        where client_id = ${client}::uuid and finess = ${finess} and outcome is null`,
  )
}

/** Locks a request that one of these pharmacies was asked; undefined if there is none. */
export async function lockConsent(
  tx: Transaction,
  id: string,
  pharmacies: readonly string[],
): Promise<{ client: string; finess: string; codeHash: string } | undefined> {
  return row(
    tx,
    'lock_consent',
    sql`select client_id as client, finess, code_hash as "codeHash" from consents
        where id = ${id}::uuid and finess = any (${texts(pharmacies)}) for update`,
  )
}

/** Answers a locked request. */
export async function answerConsent(tx: Transaction, id: string, outcome: 'accepted' | 'refused', by: string) {
  await rows(
    tx,
    'answer_consent',
    sql`update consents set outcome = ${outcome}, answered_at = ${clock}, answered_by = ${by} where id = ${id}::uuid`,
  )
}

/** A request, if this party may read it. */
export async function findConsent(db: Queryable, id: string, party: Party): Promise<Consent | undefined> {
  const found = await row<Row>(
    db,
    'find_consent',
    sql`select ${columns} from ${tables} where q.id = ${id}::uuid and ${isOf(party)}`,
  )
  return found && view(found)
}

/** A party's requests, newest first after a position. */
export async function listConsents(
  db: Queryable,
  party: Party,
  wanted: { status?: string | undefined; before: string | null; limit: number },
): Promise<Consent[]> {
  const found = await rows<Row>(
    db,
    `list_consents_of_${party.client === null ? 'pharmacies' : 'client'}`,
    sql`select ${columns} from ${tables}
        where ${party.client === null ? isAsked(party) : isOf(party)}
          and (${wanted.status ?? null}::text is null or ${status} = ${wanted.status ?? null})
          and q.id < coalesce(${wanted.before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        order by q.id desc limit ${wanted.limit}::int`,
  )
  return found.map(view)
}

function isAsked({ pharmacies }: Party): SQL {
  return sql`q.finess = any (${texts(pharmacies ?? [])})`
}

function isOf({ client, pharmacies }: Party): SQL {
  return sql`(${client}::uuid is null or q.client_id = ${client}::uuid)
    and (${texts(pharmacies)} is null or q.finess = any (${texts(pharmacies)}))`
}

function view({ askedAt, expiresAt, answeredAt, ...consent }: Row): Consent {
  return {
    ...consent,
    askedAt: iso(askedAt),
    expiresAt: iso(expiresAt),
    answeredAt: answeredAt === null ? null : iso(answeredAt),
  }
}
