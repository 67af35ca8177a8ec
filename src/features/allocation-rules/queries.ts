import { readClock } from '../../db/clock.ts'
import type { Queryable, Transaction } from '../../db/database.ts'
import { oneRow, row, rows } from '../../db/query.ts'
import { clock, json, rfc3339, type SQL, sql, texts, timestamp } from '../../db/sql.ts'
import type { AllocationRule } from '../../domain/allocation-rules.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { publicationOf, RULE_PUBLISHED, RULE_WITHDRAWN, withdrawalOf } from '../../domain/rule-record.ts'
import { ruleColumns } from '../../store/allocation-rules.ts'
import { appendRecord, isRecorded } from '../../store/log-records.ts'
import type { Authority } from './authority.ts'
import type { Rule, RuleBody } from './schema.ts'

interface Row {
  rule: AllocationRule
}

const columns = sql`json_build_object(${ruleColumns}) as rule`

// What those who follow events are told of a row of allocation_rules.
const toldOfRule = sql`jsonb_build_object('territory', territory, 'products', products,
  'validFrom', ${rfc3339(sql`valid_from`)}, 'validTo', ${rfc3339(sql`valid_to`)})`

const authority = sql`case when authority_territory is not null
  then json_build_object('territory', authority_territory, 'professions', authority_professions) end as authority`

/** Who published a rule, and in whose name: null for the operator's. */
export interface Publisher {
  name: string
  authority: Authority | null
}

/** Publishes a rule with its event and its record in the log. Territory and products must exist. */
export async function insertRule(
  tx: Transaction,
  id: string,
  rule: RuleBody,
  { name, authority }: Publisher,
): Promise<Rule> {
  const inserted = await oneRow<Row>(
    tx,
    'insert_rule',
    sql`with published as (
          insert into allocation_rules (id, beneficiaries, products, cap, sub_caps, window_kind, window_count, territory,
            valid_from, valid_to, source, confidence, published_by, authority_territory,
            authority_professions, published_at)
          values (${id}::uuid, ${json(rule.beneficiaries)}, ${texts(rule.products)}, ${rule.cap}::int, ${json(rule.subCaps)},
            ${rule.window.kind}, ${countOf(rule)}::int, ${rule.territory}, ${timestamp(rule.validFrom)},
            ${timestamp(rule.validTo)}, ${json(rule.source)}, ${rule.confidence}, ${name},
            ${authority?.territory ?? null}::text, ${texts(authority?.professions ?? null)}, ${clock})
          returning *
        ), told as (
          insert into events (type, subject, ids, at)
          select 'rule.published', id::text, ${toldOfRule}, published_at from published
        )
        select ${columns} from published r`,
  )
  const recordedAt = await readClock(tx)
  appendRecord(tx, publicationOf(inserted.rule, authority, { recordedAt, isAdopted: false }))
  return view(inserted)
}

/** Tells, once, of each rule that has come into force and was not withdrawn before; returns of how many. */
export async function tellInForce(tx: Transaction): Promise<number> {
  const told = await rows(
    tx,
    'tell_rules_in_force',
    sql`with told as (
          insert into rules_told (rule_id) select id from allocation_rules r
          where valid_from <= clock_timestamp() and (withdrawn_at is null or withdrawn_at > valid_from)
            and not exists (select from rules_told where rule_id = r.id)
          on conflict do nothing returning rule_id
        )
        insert into events (type, subject, ids, at)
        select 'rule.in_force', id::text, ${toldOfRule}, ${clock} from told join allocation_rules on id = rule_id
        order by valid_from, id returning 1`,
  )
  return told.length
}

/** Whether the operator has published a rule with the same content before, withdrawn or not. */
export async function isPublished(tx: Transaction, rule: RuleBody): Promise<boolean> {
  const same = await row(
    tx,
    'find_same_rule',
    sql`select from allocation_rules
        where authority_territory is null and territory = ${rule.territory} and valid_from = ${timestamp(rule.validFrom)}
          and valid_to is not distinct from ${timestamp(rule.validTo)}
          and beneficiaries = ${json(rule.beneficiaries)} and products = ${texts(rule.products)} and cap = ${rule.cap}::int
          and sub_caps = ${json(rule.subCaps)} and window_kind = ${rule.window.kind}
          and window_count is not distinct from ${countOf(rule)}::int
          and source = ${json(rule.source)} and confidence = ${rule.confidence}
        limit 1`,
  )
  return same !== undefined
}

/** Makes transactions that load rules take turns, so that none loads what another is about to load. */
export async function lockLoading(tx: Transaction): Promise<void> {
  await rows(tx, 'lock_rule_loading', sql`select pg_advisory_xact_lock(hashtextextended('gomask rules load', 0))`)
}

/** The rules in force at an instant, or now, newest first after a position. */
export async function listRules(
  db: Queryable,
  at: Instant | null,
  before: string | null,
  limit: number,
): Promise<Rule[]> {
  const found = await rows<Row>(db, 'list_rules', inForce(columns, at, before, limit))
  return found.map(view)
}

/** Differs when the list does: a rule is never edited, but withdrawn, and comes into force and out of it in time. */
export async function versionOfRules(
  db: Queryable,
  at: Instant | null,
  before: string | null,
  limit: number,
): Promise<string> {
  const ids = inForce(sql`r.id, r.withdrawn_at`, at, before, limit)
  const { version } = await oneRow<{ version: string }>(
    db,
    'version_of_rules',
    sql`select coalesce(string_agg(concat_ws(' ', id, withdrawn_at), ',' order by id), '') as version from (${ids}) as listed`,
  )
  return version
}

function inForce(shown: SQL, at: Instant | null, before: string | null, limit: number): SQL {
  return sql`
    with moment as materialized (select coalesce(${timestamp(at)}, clock_timestamp()) as at)
    select ${shown} from allocation_rules r, moment
    where valid_from <= at and (valid_to is null or valid_to > at) and (withdrawn_at is null or withdrawn_at > at)
      and id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    order by id desc limit ${limit}::int`
}

/** Who published a rule, or undefined if there is none. */
export function findPublisher(db: Queryable, id: string): Promise<Publisher | undefined> {
  return row<Publisher>(
    db,
    'find_rule_publisher',
    sql`select published_by as name, ${authority}
        from allocation_rules where id = ${id}::uuid`,
  )
}

interface Unrecorded extends Row {
  authority: Authority | null
  isPublished: boolean
  isWithdrawn: boolean
}

/** The rules of whose publication or withdrawal the log has no record, oldest first. */
export function findUnrecorded(tx: Transaction): Promise<Unrecorded[]> {
  return rows<Unrecorded>(
    tx,
    'find_unrecorded_rules',
    sql`select ${columns}, ${authority}, is_published as "isPublished", is_withdrawn as "isWithdrawn"
        from allocation_rules r cross join lateral (select
          exists (select from log_records where kind = ${RULE_PUBLISHED} and subject = r.id::text) as is_published,
          exists (select from log_records where kind = ${RULE_WITHDRAWN} and subject = r.id::text) as is_withdrawn) as recorded
        where not is_published or (withdrawn_at is not null and not is_withdrawn) order by published_at, id`,
  )
}

/** Withdraws an existing rule, with a record in the log; one that is already withdrawn keeps its time. */
export async function setWithdrawn(tx: Transaction, id: string): Promise<Rule> {
  const { rule } = await oneRow<Row>(
    tx,
    'withdraw_rule',
    sql`update allocation_rules r set withdrawn_at = coalesce(withdrawn_at, ${clock}) where id = ${id}::uuid
        returning ${columns}`,
  )
  const { withdrawnAt } = rule
  if (withdrawnAt !== null && !(await isRecorded(tx, RULE_WITHDRAWN, id))) {
    appendRecord(tx, withdrawalOf({ id, withdrawnAt }, await readClock(tx)))
  }
  return view({ rule })
}

function countOf({ window }: RuleBody): number | null {
  return window.kind === 'once' ? null : window.count
}

function view({ rule }: Row): Rule {
  return {
    ...rule,
    validFrom: iso(rule.validFrom),
    validTo: rule.validTo === null ? null : iso(rule.validTo),
    publishedAt: iso(rule.publishedAt),
    withdrawnAt: rule.withdrawnAt === null ? null : iso(rule.withdrawnAt),
  }
}
