import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import type { Head } from '../../domain/chain.ts'
import { requireKnown, requireSame } from '../../domain/named.ts'
import { lockHeads } from '../../store/ledger.ts'
import { addIdentifiers, findProfile } from '../../store/persons.ts'
import { findTerritories } from '../../store/territories.ts'
import { merge } from './merge.ts'
import { findOwners, type Owner, savePerson } from './queries.ts'
import type { Professional, ProfessionalBody } from './schema.ts'

/**
 * Puts a professional in or changes one. All the identifiers named belong to one human being: the persons that had them
 * are merged, and a history never splits again. `created` says that the path's identifier is new, `known` that the
 * person is not.
 */
export async function putProfessional(
  tx: Transaction,
  id: string,
  body: ProfessionalBody,
): Promise<{ professional: Professional; created: boolean; known: boolean }> {
  requireSame('id', body.id, id)
  const code = body.practice?.territory
  if (code) requireKnown('territory', [{ path: 'practice.territory', code }], await findTerritories(tx, [code]))
  const named = [...new Set([id, ...body.otherIds])]
  const { owners, heads } = await lockOwners(tx, named)
  const root = rootOf(owners, id)
  const personId = root?.personId ?? uuidv7()
  const owned = owners.map(({ identifier }) => identifier)
  await savePerson(tx, personId, body)
  await addIdentifiers(
    tx,
    personId,
    named.filter((identifier) => !owned.includes(identifier)),
  )
  if (root && heads.size > 1) await merge(tx, root, owners, heads, body)
  const professional = await findProfile(tx, id)
  if (!professional) throw new Error('the professional has just been put in')
  const inDirectory = owners.filter(({ provisional }) => !provisional)
  return {
    professional,
    created: !inDirectory.some(({ identifier }) => identifier === id),
    known: inDirectory.length > 0,
  }
}

/** Locks the histories of the identifiers' persons in id order, then reads who they are. */
async function lockOwners(
  tx: Transaction,
  identifiers: readonly string[],
): Promise<{ owners: Owner[]; heads: Map<string, Head> }> {
  const before = await findOwners(tx, identifiers)
  const locked = await lockHeads(
    tx,
    before.map(({ personId }) => personId),
  )
  const heads = new Map(locked.map((head) => [head.personId, head]))
  // Read again: while the locks waited, a merge may have given an identifier to another person.
  const owners = await findOwners(tx, identifiers)
  if (owners.some(({ personId }) => !heads.has(personId))) throw new StaleRead('persons were merged before the lock')
  return { owners, heads }
}

/** The person who continues the history: the one with an RPPS number, else the path's, else the older record. */
function rootOf(owners: readonly Owner[], id: string): Owner | undefined {
  const weight = (owner: Owner) => (owner.hasRpps ? 2 : 0) + (owner.identifier === id ? 1 : 0)
  return owners.toSorted((one, other) => weight(other) - weight(one) || (one.personId < other.personId ? -1 : 1))[0]
}
