import type { Transaction } from '../db/database.ts'
import { send } from '../db/query.ts'
import { sql } from '../db/sql.ts'

/** Who changes what is administered. */
export interface Actor {
  /** The caller's, or `command`, `job` or `issuer`. */
  role: string
  /** The caller's subject, the operator of a command, or the issuer's name. */
  name: string
  /** The name is a national number, so the person's surrogate is kept instead. */
  isNumber?: boolean
  /** The route's operation, the command or the job. */
  act: string
  /** From where: an address, or the host on which a command ran. */
  address?: string | undefined
}

/**
 * Says who does what this transaction is about to do: whatever it changes of the directory, the catalogue, rules,
 * clients and grants is kept under this name.
 */
export function sayWho(tx: Transaction, { role, name, isNumber = false, act, address }: Actor): void {
  send(
    tx,
    'say_who',
    sql`select set_config('gomask.actor', json_build_object('role', ${role}::text, 'act', ${act}::text, 'address', ${address ?? null}::text,
          'name', case when not ${isNumber}::boolean then ${name}::text
            else coalesce((select person_id::text from person_identifiers where identifier = ${name}), 'not in the directory') end
        )::text, true)`,
  )
}
