import type { Transaction } from '../../db/database.ts'
import { row, rows } from '../../db/query.ts'
import { clock, instant, sql } from '../../db/sql.ts'
import { StaleRead } from '../../db/transaction.ts'
import type { Original } from '../../domain/reversal.ts'
import type { Reversible } from '../../domain/reversal-effects.ts'
import type { Shelf } from '../../domain/shelf.ts'
import { ruleVersion } from '../../store/allocation-rules.ts'
import { headOf, readEntitlementFacts } from '../../store/entitlement-facts.ts'
import { lockHeadsOfEntry } from '../../store/ledger.ts'
import { shelfColumns } from '../../store/shelves.ts'

/** A pharmacy's dispensation, as named by a request. */
export interface Named {
  id: string
  pharmacy: string
}

/**
 * Locks the head of the person who received a dispensation, and the shelves that it came from, in one flush with the
 * facts that decide its reversal, which are read after the head is locked. Undefined if the pharmacy has no such
 * dispensation.
 */
export async function lockReversible(tx: Transaction, named: Named): Promise<Reversible | undefined> {
  const { id, pharmacy } = named
  const [heads, original, entitlement, shelves] = await Promise.all([
    lockHeadsOfEntry(tx, id, pharmacy),
    readOriginal(tx, named),
    readEntitlementFacts(tx, { identifier: { inEntry: id }, occurredAt: null, pharmacy }),
    lockShelvesOf(tx, named),
  ])
  if (!original) return undefined
  const head = entitlement ? headOf(entitlement, heads) : heads.find(({ personId }) => personId === original.personId)
  if (head?.personId !== original.personId) throw new StaleRead('the person was merged before the lock')
  return { head, original, entitlement, shelves }
}

function readOriginal(tx: Transaction, { id, pharmacy }: Named): Promise<Original | undefined> {
  return row(
    tx,
    'read_reversible',
    sql`select e.id, ${instant(clock)} as at, p.root_id as "personId", e.pharmacy,
          ${instant(sql`e.occurred_at`)} as "occurredAt", ${instant(sql`e.recorded_at`)} as "recordedAt", e.profession, e.practice_territory as "practiceTerritory",
          e.pharmacy_territory as "pharmacyTerritory",
          (select professional from ledger_payloads where entry_id = e.id) as professional,
          (select json_agg(json_build_object('product', l.product, 'quantity', l.quantity, 'lot', l.lot, 'ruleId', l.rule_id, 'rule', ${ruleVersion},
              'window', case when l.window_start is not null then json_build_object('start', ${instant(sql`l.window_start`)}, 'end', ${instant(sql`l.window_end`)}) end,
              'timeZone', l.time_zone, 'cap', l.cap,
              'reversed', (select coalesce(sum(back.quantity), 0)::int from ledger_entries reversal
                join ledger_lines back on back.entry_id = reversal.id
                where reversal.reverses = e.id and back.product = l.product and back.lot is not distinct from l.lot)) order by l.position)
            from ledger_lines l left join allocation_rules r on r.id = l.rule_id where l.entry_id = e.id) as lines
        from ledger_entries e join persons p on p.id = e.person_id
        where e.id = ${id}::uuid and e.pharmacy = ${pharmacy} and e.kind = 'dispensation'`,
  )
}

// Found by the entry, which never changes, and locked in the usual order of shelves.
function lockShelvesOf(tx: Transaction, { id, pharmacy }: Named): Promise<Shelf[]> {
  return rows<Shelf>(
    tx,
    'lock_shelves_of_entry',
    sql`select ${shelfColumns} from stock s
        where s.pharmacy = ${pharmacy} and s.product = any (array(
          select l.product from ledger_entries e join ledger_lines l on l.entry_id = e.id
          where e.id = ${id}::uuid and e.pharmacy = ${pharmacy}))
        order by s.pharmacy, s.product for update of s`,
  )
}
