import { sql } from 'drizzle-orm'
import { instant } from '../db/sql.ts'
import { windowOf } from '../domain/beneficiary.ts'
import { type Instant, iso } from '../domain/instant.ts'
import { ruleSource } from './allocation-rules.ts'

/** A ledger entry as read for people. Hashes are base64. */
export interface EntryRow {
  id: string
  kind: 'dispensation' | 'reversal' | 'link' | 'erasure'
  seq: number
  entryHash: string
  previousHash: string | null
  pharmacy: string | null
  professional: string | null
  lines: { product: string; quantity: number; lot: string | null }[]
  occurredAt: Instant
  recordedAt: Instant
  flags: string[]
  reverses: string | null
  rule: { id: string; source: { title: string; reference: string; url: string | null } } | null
  window: { start: Instant; end: Instant | null } | null
  reservations: { id: string; outcome: string }[] | null
}

/** Columns of an EntryRow over ledger_entries e. */
export const entryColumns = sql`
  e.id, e.kind, e.seq, encode(e.entry_hash, 'base64') as "entryHash", encode(e.previous_hash, 'base64') as "previousHash",
  e.pharmacy, ${instant(sql`e.occurred_at`)} as "occurredAt", ${instant(sql`e.recorded_at`)} as "recordedAt", e.flags, e.reverses,
  (select professional from ledger_payloads where entry_id = e.id) as professional,
  (select convert_from(payload, 'UTF8')::json -> 'reservations' from ledger_payloads where entry_id = e.id) as reservations,
  coalesce((select json_agg(json_build_object('product', product, 'quantity', quantity, 'lot', lot) order by position)
    from ledger_lines where entry_id = e.id), '[]') as lines,
  (select json_build_object('id', r.id, 'source', ${ruleSource}) from ledger_lines l join allocation_rules r on r.id = l.rule_id
    where l.entry_id = e.id order by l.position limit 1) as rule,
  (select json_build_object('start', ${instant(sql`window_start`)}, 'end', ${instant(sql`window_end`)}) from ledger_lines
    where entry_id = e.id order by position limit 1) as window`

/** An entry as answers show it. */
export function entryView(entry: EntryRow) {
  return {
    id: entry.id,
    kind: entry.kind,
    sequence: entry.seq,
    // PostgreSQL breaks base64 into lines of 76 characters; a 32-byte hash has 44.
    entryHash: entry.entryHash,
    previousHash: entry.previousHash,
    pharmacy: entry.pharmacy,
    professional: entry.professional,
    lines: entry.lines.map(({ lot, ...line }) => ({ ...line, ...(lot !== null && { lot }) })),
    dispensedAt: iso(entry.occurredAt),
    recordedAt: iso(entry.recordedAt),
    flags: entry.flags,
    rule: entry.rule,
    window: entry.window && windowOf(entry.window),
    reverses: entry.reverses,
    reservations: entry.reservations ?? [],
  }
}
