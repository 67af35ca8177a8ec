import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../db/database.ts'
import { send } from '../db/query.ts'
import { json, type SQL, sql, timestamp } from '../db/sql.ts'
import type { Refusal } from '../domain/refusals.ts'

/** What was refused, to whom and where. Profession and territories are kept as they are now, as in a ledger entry. */
export interface RefusedRequest {
  verb: 'dispensation' | 'reversal' | 'reservation'
  /** Null when the directory knows nobody with the number. */
  person: { id: string; profession: string | null; practiceTerritory: string | null } | null
  pharmacy: string | null
  /** Left out: the pharmacy's present one. */
  pharmacyTerritory?: string | undefined
  /** For a reversal: what was to be taken back. */
  dispensation?: string
  operator?: string | undefined
}

/**
 * Keeps a refusal with all that it turned on, and returns it. Each is kept for years, so in an hour only 60
 * reservations of one person are, and 600 refusals of one pharmacy: nobody reaches that but a flood or a program gone
 * wrong.
 */
export function recordRefusal(tx: Transaction, request: RefusedRequest, refusal: Refusal): Refusal {
  const { person, pharmacy } = request
  const { product, quantity, allowance, available } = refusal.judged ?? {}
  const { whose, recent, most } = boundOf(request)
  send(
    tx,
    `record_refusal_of_${whose}`,
    sql`insert into refusals (id, verb, code, person_id, profession, practice_territory, pharmacy, pharmacy_territory,
          dispensation, product, quantity, rule_id, window_start, window_end, cap, received, held, available, facts, operator)
        select ${uuidv7()}::uuid, ${request.verb}, ${refusal.refused},
          ${person?.id ?? null}::uuid, ${person?.profession ?? null}, ${person?.practiceTerritory ?? null}, ${pharmacy},
          coalesce(${request.pharmacyTerritory ?? null}, (select territory from pharmacies where finess = ${pharmacy})),
          ${request.dispensation ?? null}::uuid, ${product ?? null}, ${quantity ?? null}::int, ${allowance?.rule.id ?? null}::uuid,
          ${timestamp(allowance?.period.start ?? null)}, ${timestamp(allowance?.period.end ?? null)}, ${allowance?.cap ?? null}::int,
          ${allowance?.received ?? null}::int, ${allowance?.held ?? null}::int, ${available ?? null}::int,
          ${json(refusal.facts)}, ${request.operator ?? null}
        where (select count(*) from (
          select from refusals where ${recent} and at > clock_timestamp() - interval '1 hour' limit ${most}::int
        ) kept) < ${most}::int`,
  )
  return refusal
}

/** The refusals among which a new one counts, and how many of them an hour are kept. */
function boundOf({ verb, person, pharmacy }: RefusedRequest): { whose: string; recent: SQL; most: number } {
  if (verb === 'reservation' && person) {
    return { whose: 'person', recent: sql`person_id = ${person.id}::uuid and verb = 'reservation'`, most: 60 }
  }
  if (pharmacy !== null) return { whose: 'pharmacy', recent: sql`pharmacy = ${pharmacy}`, most: 600 }
  return { whose: 'nobody', recent: sql`person_id is null and pharmacy is null`, most: 600 }
}
