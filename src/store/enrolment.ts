import { v7 as uuidv7 } from 'uuid'
import type { Database, Transaction } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'
import { inTransaction, StaleRead } from '../db/transaction.ts'
import { sayWho } from './admin-acts.ts'
import { lockHeads } from './ledger.ts'
import { addIdentifiers } from './persons.ts'

/** A professional for whom an issuer of tokens vouches. */
export interface Enrolled {
  identifier: string
  otherIds: readonly string[]
  profession: string
  familyName?: string | undefined
  givenName?: string | undefined
}

/**
 * Adds a professional whose number is not in the directory. A person who is there by another of these numbers is given
 * this one and is otherwise left alone. Does nothing if the numbers belong to several persons: merging them is up to
 * whoever keeps the directory.
 */
export function enrol(db: Database, enrolled: Enrolled, issuer: string): Promise<void> {
  const named = [...new Set([enrolled.identifier, ...enrolled.otherIds])]
  return inTransaction(db, async (tx) => {
    sayWho(tx, { role: 'issuer', name: issuer, act: 'enrol' })
    const known = await findKnown(tx, named)
    if (known.some(({ identifier, provisional }) => identifier === enrolled.identifier && !provisional)) return
    const [owner, ...others] = new Set(known.map(({ personId }) => personId))
    if (others.length > 0) return
    if (owner !== undefined) await requireUnchanged(tx, owner, named, known)
    if (owner !== undefined && known.some(({ provisional }) => provisional)) await nameProvisional(tx, owner, enrolled)
    const missing = named.filter((each) => !known.some(({ identifier }) => identifier === each))
    await addIdentifiers(tx, owner ?? (await insertPerson(tx, enrolled)), missing)
  })
}

interface Known {
  identifier: string
  personId: string
  /** Served off line, and not in the directory yet. */
  provisional: boolean
}

function findKnown(tx: Transaction, identifiers: readonly string[]): Promise<Known[]> {
  return rows<Known>(
    tx,
    'find_known_identifiers',
    sql`select i.identifier, root.id as "personId", root.provisional
        from person_identifiers i join persons known on known.id = i.person_id join persons root on root.id = known.root_id
        where i.identifier = any (${texts(identifiers)}) order by i.identifier`,
  )
}

// An erasure or a merge may have come first while we waited for the lock.
async function requireUnchanged(tx: Transaction, owner: string, named: string[], before: Known[]): Promise<void> {
  await lockHeads(tx, [owner])
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

async function nameProvisional(tx: Transaction, personId: string, enrolled: Enrolled): Promise<void> {
  const { profession, familyName, givenName } = enrolled
  await rows(
    tx,
    'name_provisional',
    sql`update persons set provisional = false, profession = ${profession}, family_name = ${familyName ?? ''},
          given_name = ${givenName ?? ''}, updated_at = clock_timestamp()
        where id = ${personId}::uuid and provisional returning 1`,
  )
}
