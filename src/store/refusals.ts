import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../db/database.ts'
import { send } from '../db/query.ts'
import { json, sql, timestamp } from '../db/sql.ts'
import type { Refusal } from '../domain/refusals.ts'

/** What was refused, to whom and where. Profession and territories are kept as they are now, as in a ledger entry. */
export interface RefusedRequest {
  verb: 'dispensation' | 'reversal' | 'reservation'
  /** Null when the directory knows nobody with the number. */
  person: { id: string; profession: string; practiceTerritory: string | null } | null
  pharmacy: string | null
  /** Left out: the pharmacy's present one. */
  pharmacyTerritory?: string | undefined
  /** For a reversal: what was to be taken back. */
  dispensation?: string
  operator?: string | undefined
}

/** Keeps a refusal with all that it turned on, and returns it. */
export function recordRefusal(tx: Transaction, request: RefusedRequest, refusal: Refusal): Refusal {
  const { person, pharmacy } = request
  const { product, quantity, allowance, available } = refusal.judged ?? {}
  send(
    tx,
    'record_refusal',
    sql`insert into refusals (id, verb, code, person_id, profession, practice_territory, pharmacy, pharmacy_territory,
          dispensation, product, quantity, rule_id, window_start, window_end, cap, received, held, available, facts, operator)
        values (${uuidv7()}::uuid, ${request.verb}, ${refusal.refused},
          ${person?.id ?? null}::uuid, ${person?.profession ?? null}, ${person?.practiceTerritory ?? null}, ${pharmacy},
          coalesce(${request.pharmacyTerritory ?? null}, (select territory from pharmacies where finess = ${pharmacy})),
          ${request.dispensation ?? null}::uuid, ${product ?? null}, ${quantity ?? null}::int, ${allowance?.rule.id ?? null}::uuid,
          ${timestamp(allowance?.period.start ?? null)}, ${timestamp(allowance?.period.end ?? null)}, ${allowance?.cap ?? null}::int,
          ${allowance?.received ?? null}::int, ${allowance?.held ?? null}::int, ${available ?? null}::int,
          ${json(refusal.facts)}, ${request.operator ?? null})`,
  )
  return refusal
}
