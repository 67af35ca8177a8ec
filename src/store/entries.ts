import { instant, type SQL, sql, texts } from '../db/sql.ts'
import type { RuleVersion } from '../domain/allocation-rules.ts'
import { windowOf } from '../domain/beneficiary.ts'
import { type Allowance, remainingOf } from '../domain/entitlement.ts'
import { type Instant, iso } from '../domain/instant.ts'
import { ruleVersion } from './allocation-rules.ts'
import { recordsOf } from './persons.ts'
import { frozenInRemit, type Remit } from './remit.ts'

/** A line of an entry, with how it was judged. */
export interface EntryLine {
  product: string
  quantity: number
  lot: string | null
  /** Null, as is the window, where no rule judged it. */
  rule: RuleVersion | null
  window: { start: Instant; end: Instant | null } | null
  /** Null on a reversal, which takes no entitlement. */
  judged: (Pick<Allowance, 'cap' | 'received' | 'held'> & { beyondCap: boolean }) | null
}

/** A ledger entry to be shown. Hashes are base64. */
export interface EntryRow {
  id: string
  kind: 'dispensation' | 'reversal' | 'link' | 'erasure'
  seq: number
  entryHash: string
  previousHash: string | null
  pharmacy: string | null
  professional: string | null
  lines: EntryLine[]
  occurredAt: Instant
  recordedAt: Instant
  flags: string[]
  reverses: string | null
  reservations: { id: string; outcome: string }[] | null
  override: { reasonCode: string; note?: string | undefined } | null
  /** Only for the pharmacy that made the entry. */
  operator?: string | null | undefined
  /** Until when the masks of each line are good, where a line says it. */
  bestBefore?: readonly (string | null)[] | null | undefined
}

/** Columns of an EntryRow over ledger_entries e. */
export const entryColumns = sql`
  e.id, e.kind, e.seq, encode(e.entry_hash, 'base64') as "entryHash", encode(e.previous_hash, 'base64') as "previousHash",
  e.pharmacy, ${instant(sql`e.occurred_at`)} as "occurredAt", ${instant(sql`e.recorded_at`)} as "recordedAt", e.flags, e.reverses,
  (select professional from ledger_payloads where entry_id = e.id) as professional,
  (select convert_from(payload, 'UTF8')::json -> 'reservations' from ledger_payloads where entry_id = e.id) as reservations,
  (select convert_from(payload, 'UTF8')::json -> 'override' from ledger_payloads where entry_id = e.id) as override,
  (select convert_from(payload, 'UTF8')::json -> 'bestBefore' from ledger_payloads where entry_id = e.id) as "bestBefore",
  coalesce((select json_agg(json_build_object('product', l.product, 'quantity', l.quantity, 'lot', l.lot, 'rule', ${ruleVersion},
      'window', case when l.window_start is not null then json_build_object('start', ${instant(sql`l.window_start`)}, 'end', ${instant(sql`l.window_end`)}) end,
      'judged', case when l.effect > 0 then json_build_object(
        'cap', l.cap, 'received', l.received, 'held', l.held, 'beyondCap', l.beyond_cap) end) order by l.position)
    from ledger_lines l left join allocation_rules r on r.id = l.rule_id where l.entry_id = e.id), '[]') as lines`

/** The pseudonym of the person at the counter over ledger_entries e; gone once the payload is erased. */
export const operatorOfEntry = sql`(
  select convert_from(payload, 'UTF8')::json ->> 'operator' from ledger_payloads where entry_id = e.id)`

/** Who reads entries: a counter, the person concerned, or a regulator in its remit. */
export type EntryReader =
  | { role: 'pharmacy'; pharmacies: readonly string[] }
  | { role: 'professional'; identifier: string }
  | { role: 'regulator'; remit: Remit }
  | { role: 'admin' }

/** A condition over ledger_entries e: whether the reader may read the entry, for one of the reasons in EntryReader. */
export function entryReadableBy(reader: EntryReader): SQL {
  switch (reader.role) {
    case 'pharmacy':
      return sql`e.pharmacy = any (${texts(reader.pharmacies)})`
    case 'professional':
      return sql`e.person_id in ${recordsOf(reader.identifier)}`
    case 'regulator':
      return frozenInRemit(sql`e`, reader.remit)
    case 'admin':
      return sql`false`
  }
}

/** An entry as answers show it. */
export function entryView(entry: EntryRow) {
  const [first] = entry.lines
  return {
    id: entry.id,
    kind: entry.kind,
    sequence: entry.seq,
    // PostgreSQL breaks base64 into lines of 76 characters, but a 32-byte hash has only 44.
    entryHash: entry.entryHash,
    previousHash: entry.previousHash,
    pharmacy: entry.pharmacy,
    professional: entry.professional,
    lines: entry.lines.map((line, index) => lineView(line, entry.bestBefore?.[index])),
    dispensedAt: iso(entry.occurredAt),
    recordedAt: iso(entry.recordedAt),
    flags: entry.flags,
    rule: first?.rule ? { id: first.rule.id, source: first.rule.source } : null,
    window: first?.window ? windowOf(first.window) : null,
    reverses: entry.reverses,
    reservations: entry.reservations ?? [],
    // An override that was asked for but not needed does not count as one.
    override: entry.flags.includes('override') ? entry.override : null,
    ...(entry.operator && { operator: entry.operator }),
  }
}

function lineView({ product, quantity, lot, rule, window, judged }: EntryLine, bestBefore: string | null = null) {
  const figures = rule && judged
  return {
    product,
    quantity,
    ...(lot !== null && { lot }),
    ...(bestBefore !== null && { bestBefore }),
    decision: {
      rule: rule && { ...rule, publishedAt: iso(rule.publishedAt) },
      window: window && windowOf(window),
      cap: figures?.cap ?? null,
      received: figures?.received ?? null,
      held: figures?.held ?? null,
      remaining: figures && remainingOf(figures),
      beyondCap: judged?.beyondCap ?? null,
    },
  }
}
