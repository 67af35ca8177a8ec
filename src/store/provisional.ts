import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { sql } from '../db/sql.ts'
import { type Actor, sayWho } from './admin-acts.ts'
import { addIdentifiers } from './persons.ts'

/**
 * Adds somebody who was served off line and whom the directory lacks: a person who is known by a right number alone.
 * For everything else the directory does not know them, until it brings the number. Throws StaleRead if somebody else
 * adds the number.
 */
export async function addProvisional(tx: Transaction, identifier: string, actor: Actor): Promise<void> {
  const personId = uuidv7()
  sayWho(tx, actor)
  await rows(
    tx,
    'add_provisional',
    sql`with person as (
          insert into persons (id, status, provisional) values (${personId}::uuid, 'active', true) returning id
        )
        insert into ledger_heads (person_id) select id from person`,
  )
  await addIdentifiers(tx, personId, [identifier])
}
