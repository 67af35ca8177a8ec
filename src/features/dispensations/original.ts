import type { Transaction } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { clock, instant, sql } from '../../db/sql.ts'
import { StaleRead } from '../../db/transaction.ts'
import type { Instant } from '../../domain/instant.ts'
import { Problem } from '../../domain/problems.ts'
import type { ReversibleLine } from '../../domain/reversal.ts'
import { ruleVersion } from '../../store/allocation-rules.ts'
import type { EntryLine } from '../../store/entries.ts'
import { type Head, lockHeadOf } from '../../store/ledger.ts'
import { personOfEntry } from './queries.ts'

/** A dispensation as a reversal sees it. */
export interface Original {
  id: string
  at: Instant
  personId: string
  /** Null once erased. */
  professional: string | null
  pharmacy: string
  occurredAt: Instant
  profession: string
  practiceTerritory: string | null
  pharmacyTerritory: string
  lines: OriginalLine[]
}

export type OriginalLine = ReversibleLine & Pick<EntryLine, 'rule'>

/** Locks the head of the person whom a dispensation is about, and reads it in a later statement. Throws 404. */
export async function lockOriginal(tx: Transaction, id: string): Promise<{ head: Head; original: Original }> {
  const personId = await personOfEntry(tx, id)
  const head = personId && (await lockHeadOf(tx, personId))
  if (!head) throw new Error('every entry has a person, and every person a head')
  const original = await readOriginal(tx, id)
  if (original.personId !== head.personId) throw new StaleRead('the person was merged before the lock')
  return { head, original }
}

async function readOriginal(tx: Transaction, id: string): Promise<Original> {
  const [found] = await rows<Original>(
    tx,
    'read_reversible',
    sql`select e.id, ${instant(clock)} as at, coalesce(p.merged_into, p.id) as "personId", e.pharmacy,
          ${instant(sql`e.occurred_at`)} as "occurredAt", e.profession, e.practice_territory as "practiceTerritory",
          e.pharmacy_territory as "pharmacyTerritory",
          (select professional from ledger_payloads where entry_id = e.id) as professional,
          (select json_agg(json_build_object('product', l.product, 'quantity', l.quantity, 'lot', l.lot, 'ruleId', l.rule_id, 'rule', ${ruleVersion},
              'window', json_build_object('start', ${instant(sql`l.window_start`)}, 'end', ${instant(sql`l.window_end`)}),
              'timeZone', l.time_zone, 'cap', l.cap,
              'reversed', (select coalesce(sum(back.quantity), 0)::int from ledger_entries reversal
                join ledger_lines back on back.entry_id = reversal.id
                where reversal.reverses = e.id and back.product = l.product and back.lot is not distinct from l.lot)) order by l.position)
            from ledger_lines l join allocation_rules r on r.id = l.rule_id where l.entry_id = e.id) as lines
        from ledger_entries e join persons p on p.id = e.person_id
        where e.id = ${id}::uuid and e.kind = 'dispensation'`,
  )
  if (!found) throw new Problem('not_found', 'There is no such dispensation of yours.')
  return found
}
