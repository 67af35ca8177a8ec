import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../db/database.ts'
import { send } from '../db/query.ts'
import { json } from '../db/sql.ts'
import type { Refusal } from '../domain/problems.ts'

/** What was refused, to whom and where. */
export interface RefusedRequest {
  verb: 'dispensation' | 'reservation'
  personId: string | null
  pharmacy: string | null
  operator?: string | undefined
}

/** Keeps a refusal with its rule and facts, and returns it. */
export function recordRefusal(tx: Transaction, request: RefusedRequest, refusal: Refusal): Refusal {
  const { rule } = refusal.facts as { rule?: { id: string } }
  send(
    tx,
    'record_refusal',
    sql`insert into decisions (id, verb, code, person_id, pharmacy, rule_id, facts, operator)
        values (${uuidv7()}::uuid, ${request.verb}, ${refusal.refused}, ${request.personId}::uuid, ${request.pharmacy},
          ${rule?.id ?? null}::uuid, ${json(refusal.facts)}, ${request.operator ?? null})`,
  )
  return refusal
}
