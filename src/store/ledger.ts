import { randomBytes } from 'node:crypto'
import type { Transaction } from '../db/database.ts'
import { rows, send } from '../db/query.ts'
import { json, type SQL, sql, uuids } from '../db/sql.ts'
import { type EntryPayload, type Head, type LineWeight, type NewEntry, sealNext } from '../domain/chain.ts'
import { iso } from '../domain/instant.ts'
import type { SealedEntry } from '../domain/ledger-entry.ts'

/**
 * Locks the head of the person known by an identifier, and those of the records that may be the same person's. All
 * decisions about any of them queue here; facts must be read by a later statement, and say which head is the person's
 * own (`headOf`). None if nobody has this identifier.
 */
export function lockHeadsFor(tx: Transaction, identifier: string): Promise<Head[]> {
  return lockAll(
    tx,
    'lock_heads_by_identifier',
    together(sql`from person_identifiers i join persons p on p.id = i.person_id where i.identifier = ${identifier}`),
  )
}

/** The same for the person who received a pharmacy's hand-over; none if there is no such hand-over. */
export function lockHeadsOfEntry(tx: Transaction, id: string, pharmacy: string): Promise<Head[]> {
  return lockAll(
    tx,
    'lock_heads_of_entry',
    together(sql`from ledger_entries e join persons p on p.id = e.person_id
      where e.id = ${id}::uuid and e.pharmacy = ${pharmacy} and e.kind = 'dispensation'`),
  )
}

// One list, so that all are locked in id order.
function together(person: SQL): SQL {
  return sql`h.person_id = any ((
    select array[p.root_id] || array(
      select t.other_id from counted_together t where t.person_id = p.root_id and t.until_seq is null) ${person})::uuid[])`
}

/** Locks the heads of these persons, merged records included, in id order. */
export function lockHeads(tx: Transaction, personIds: readonly string[]): Promise<Head[]> {
  return lockAll(tx, 'lock_heads', sql`h.person_id = any (${uuids(personIds)})`)
}

async function lockAll(tx: Transaction, name: string, which: SQL): Promise<Head[]> {
  const heads = await rows<{ personId: string; seq: number; entryHash: string | null }>(
    tx,
    name,
    sql`select h.person_id as "personId", h.seq, encode(h.entry_hash, 'base64') as "entryHash"
        from ledger_heads h where ${which} order by h.person_id for update of h`,
  )
  return heads.map((head) => ({
    ...head,
    entryHash: head.entryHash === null ? null : Buffer.from(head.entryHash, 'base64'),
  }))
}

/** Seals an entry as the next in the chain of a locked head. */
export function seal(head: Head, entry: NewEntry, payload: EntryPayload): SealedEntry {
  return sealNext(head, entry, payload, randomBytes(32))
}

/**
 * Inserts a sealed entry and advances its head in one statement, sent with the COMMIT. If the head is no longer the
 * locked one, the transaction fails and starts again. Only an erasure names no professional.
 */
export function append(tx: Transaction, entry: SealedEntry, weights: LineWeight[], professional: string | null): void {
  send(
    tx,
    'append_entry',
    sql`with entry as (
        insert into ledger_entries (id, person_id, seq, kind, previous_hash, entry_hash, canonical, recorded_at, occurred_at,
          pharmacy, profession, practice_territory, pharmacy_territory, flags, reverses)
        select id, person_id, seq, kind, decode(previous_hash, 'base64'), decode(entry_hash, 'base64'), decode(canonical, 'base64'),
          recorded_at, occurred_at, pharmacy, profession, practice_territory, pharmacy_territory,
          array(select jsonb_array_elements_text(flags)), reverses
        from jsonb_to_record(${json(entryRow(entry))}) as e(id uuid, person_id uuid, seq int, kind text, previous_hash text,
          entry_hash text, canonical text, recorded_at timestamptz, occurred_at timestamptz, pharmacy text, profession text,
          practice_territory text, pharmacy_territory text, flags jsonb, reverses uuid)
      ), payload as (
        insert into ledger_payloads (entry_id, salt, payload, professional)
        values (${entry.id}::uuid, decode(${entry.salt.toString('base64')}, 'base64'),
          decode(${entry.payload.toString('base64')}, 'base64'), ${professional})
      ), lines as (
        insert into ledger_lines (entry_id, position, person_id, product, quantity, effect, counted_at, lot, rule_id,
          window_start, window_end, time_zone, cap, received, held, beyond_cap)
        select ${entry.id}::uuid, position, ${entry.personId}::uuid, product, quantity, effect, counted_at, lot, rule_id,
          window_start, window_end, time_zone, cap, received, held, beyond_cap
        from jsonb_to_recordset(${json(lineRows(entry, weights))}) as l(position smallint, product text, quantity int,
          effect int, counted_at timestamptz, lot text, rule_id uuid, window_start timestamptz, window_end timestamptz,
          time_zone text, cap int, received int, held int, beyond_cap boolean)
      ), head as (
        update ledger_heads set seq = ${entry.seq}::int, entry_hash = decode(${entry.entryHash.toString('base64')}, 'base64')
        where person_id = ${entry.personId}::uuid and seq = ${entry.seq}::int - 1
        returning 1
      )
      select unchanged_or_fail((select count(*) from head), 1)`,
  )
}

function entryRow(entry: SealedEntry): Record<string, unknown> {
  return {
    id: entry.id,
    person_id: entry.personId,
    seq: entry.seq,
    kind: entry.kind,
    previous_hash: entry.previousHash?.toString('base64') ?? null,
    entry_hash: entry.entryHash.toString('base64'),
    canonical: entry.canonical.toString('base64'),
    recorded_at: iso(entry.recordedAt),
    occurred_at: iso(entry.occurredAt),
    pharmacy: entry.pharmacy,
    profession: entry.profession,
    practice_territory: entry.territories.practice,
    pharmacy_territory: entry.territories.pharmacy,
    flags: entry.flags,
    reverses: entry.kind === 'reversal' ? entry.refersTo : null,
  }
}

function lineRows(entry: SealedEntry, weights: LineWeight[]): Record<string, unknown>[] {
  return entry.lines.map((line, position) => {
    const weight = weights[position]
    if (weight === undefined) throw new Error(`line ${position} has no weight`)
    return {
      position,
      product: line.product,
      quantity: line.quantity,
      effect: weight.effect,
      counted_at: iso(weight.countedAt),
      lot: line.lot,
      rule_id: line.ruleId,
      window_start: line.window && iso(line.window.start),
      window_end: line.window && line.window.end !== null ? iso(line.window.end) : null,
      time_zone: line.timeZone,
      ...weight.judged,
      beyond_cap: weight.beyondCap,
    }
  })
}
