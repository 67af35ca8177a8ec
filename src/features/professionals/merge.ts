import { v7 as uuidv7 } from 'uuid'
import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import type { Head } from '../../domain/chain.ts'
import { append, seal } from '../../store/ledger.ts'
import { mergeInto, type Owner } from './queries.ts'
import type { ProfessionalBody } from './schema.ts'

type Person = Pick<ProfessionalBody, 'profession' | 'practice'>

/**
 * Merges the owners, whose heads are all locked, into one of them. If two histories already exist, a `link` entry in
 * both chains says that they are one person's; the chains themselves are never merged.
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
  // The only history there is needs no link.
  for (const other of root.hasHistory ? histories : histories.slice(1)) {
    await link(tx, heads, root, other, person)
    await link(tx, heads, other, root, person)
  }
}

async function link(tx: Transaction, heads: Map<string, Head>, from: Owner, to: Owner, person: Person): Promise<void> {
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
    { professional: from.identifier },
  )
  append(tx, entry, [], from.identifier)
  heads.set(from.personId, { personId: from.personId, seq: entry.seq, entryHash: entry.entryHash })
}
