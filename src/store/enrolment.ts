import { v7 as uuidv7 } from 'uuid'
import type { Database, Transaction } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'
import { inTransaction, StaleRead } from '../db/transaction.ts'
import { lockHeadOf } from './ledger.ts'
import { addIdentifiers } from './persons.ts'

/** A professional as an issuer of tokens vouches for one. */
export interface Enrolled {
  identifier: string
  otherIds: readonly string[]
  profession: string
  familyName?: string | undefined
  givenName?: string | undefined
}

/**
 * Puts a professional into the directory that is not in it by this number. A person who is there by another of its numbers
 * is given this one and stays as it is. False, and nothing done, when the numbers are those of several persons there:
 * to merge these is the directory's own decision.
 */
export function enrol(db: Database, enrolled: Enrolled): Promise<boolean> {
  const named = [...new Set([enrolled.identifier, ...enrolled.otherIds])]
  return inTransaction(db, async (tx) => {
    const known = await findKnown(tx, named)
    if (known.some(({ identifier }) => identifier === enrolled.identifier)) return true
    const [owner, ...others] = new Set(known.map(({ personId }) => personId))
    if (others.length > 0) return false
    if (owner !== undefined) await requireUnchanged(tx, owner, named, known)
    const missing = named.filter((each) => !known.some(({ identifier }) => identifier === each))
    await addIdentifiers(tx, owner ?? (await insertPerson(tx, enrolled)), missing)
    return true
  })
}

interface Known {
  identifier: string
  personId: string
}

function findKnown(tx: Transaction, identifiers: readonly string[]): Promise<Known[]> {
  return rows<Known>(
    tx,
    'find_known_identifiers',
    sql`select i.identifier, coalesce(known.merged_into, known.id) as "personId"
        from person_identifiers i join persons known on known.id = i.person_id
        where i.identifier = any (${texts(identifiers)}) order by i.identifier`,
  )
}

// An erasure or a merge that the lock waited for may have come first.
async function requireUnchanged(tx: Transaction, owner: string, named: string[], before: Known[]): Promise<void> {
  await lockHeadOf(tx, owner)
  const now = await findKnown(tx, named)
  const same = now.length === before.length && now.every(({ personId }) => personId === owner)
  if (!same) throw new StaleRead('a person was changed before the lock')
}

async function insertPerson(tx: Transaction, { profession, familyName, givenName }: Enrolled): Promise<string> {
  const personId = uuidv7()
  await rows(
    tx,
    'enrol_person',
    sql`with person as (
          insert into persons (id, profession, family_name, given_name, status)
          values (${personId}::uuid, ${profession}, ${familyName ?? ''}, ${givenName ?? ''}, 'active') returning id
        )
        insert into ledger_heads (person_id) select id from person`,
  )
  return personId
}
