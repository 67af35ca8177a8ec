import { v7 as uuidv7 } from 'uuid'
import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import type { Head } from '../../domain/chain.ts'
import { append, seal } from '../../store/ledger.ts'
import { numbersOf } from '../../store/persons.ts'
import { mergeInto, type Owner } from './queries.ts'

interface Person {
  profession: string
  practice?: { territory: string } | null | undefined
}

/**
 * Merges the owners, whose heads are all locked, into one of them. A `link` entry in both chains says that a history
 * that exists already and the one that goes on are one person's; the chains themselves are never merged.
 */
export async function merge(
  tx: Transaction,
  root: Owner,
  owners: readonly Owner[],
  heads: Map<string, Head>,
  person: Person,
): Promise<void> {
  const others = new Map(
    owners.filter(({ personId }) => personId !== root.personId).map((owner) => [owner.personId, owner]),
  )
  await mergeInto(tx, root.personId, [...others.keys()])
  const histories = [...others.values()].filter(({ hasHistory }) => hasHistory)
  if (histories.length === 0) return
  const numbers = await numbersOf(tx, root.personId)
  for (const other of histories) {
    await link(tx, heads, { from: root, to: other, numbers }, person)
    await link(tx, heads, { from: other, to: root, numbers }, person)
  }
}

/** Two records of one person, one of which is said to be the other's, and all the numbers of that person. */
interface Joined {
  from: Pick<Owner, 'personId' | 'identifier'>
  to: Pick<Owner, 'personId'>
  numbers: string[]
}

/** Appends to one locked chain the entry that says whose it is too. */
export async function link(
  tx: Transaction,
  heads: Map<string, Head>,
  { from, to, numbers }: Joined,
  person: Person,
): Promise<void> {
  const head = heads.get(from.personId)
  if (!head) throw new Error('a chain is linked under its lock')
  const at = await readClock(tx)
  const entry = seal(
    head,
    {
      id: uuidv7(),
      kind: 'link',
      recordedAt: at,
      occurredAt: at,
      pharmacy: null,
      profession: person.profession,
      territories: { practice: person.practice?.territory ?? null, pharmacy: null },
      lines: [],
      flags: [],
      refersTo: to.personId,
    },
    { professional: from.identifier, numbers },
  )
  append(tx, entry, [], from.identifier)
  heads.set(from.personId, { personId: from.personId, seq: entry.seq, entryHash: entry.entryHash })
}
