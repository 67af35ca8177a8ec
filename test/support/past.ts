import type { Database } from '../../src/db/database.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { FIRST_VERSION, type SealedEntry } from '../../src/domain/ledger-entry.ts'
import { leafHash } from '../../src/domain/merkle.ts'
import { append, lockHeadsFor, seal } from '../../src/store/ledger.ts'
import { seededUuid } from './seed.ts'

/** A hand-over that the service itself would not take today. */
interface PastHandOver {
  pharmacy: string
  /** An RPPS or ADELI number. */
  professional: string
  daysAgo: number
  flags?: string[]
}

/** Puts entries of one line into the ledger that are otherwise like its first one; its hashes are no real ones. */
export async function handOver(
  db: Database,
  { pharmacy, professional, daysAgo, flags = [] }: PastHandOver,
): Promise<void> {
  const id = seededUuid()
  const at = `date_trunc('milliseconds', clock_timestamp() - interval '${daysAgo} days')`
  await db.foreign(`insert into ledger_entries (id, person_id, seq, kind, previous_hash, entry_hash, canonical, recorded_at,
      occurred_at, pharmacy, profession, practice_territory, pharmacy_territory, flags)
    select '${id}', i.person_id, 1000 + (select count(*) from ledger_entries), 'dispensation', e.entry_hash, e.entry_hash, '', ${at}, ${at},
      '${pharmacy}', e.profession, e.practice_territory, p.territory, '{${flags.join()}}'
    from person_identifiers i, pharmacies p, (select * from ledger_entries order by recorded_at limit 1) e
    where i.identifier = '${professional}' and p.finess = '${pharmacy}'`)
  await db.foreign(`insert into ledger_lines
    select e.id, 0, e.person_id, l.product, 1, 1, e.occurred_at, null, l.rule_id, l.window_start, l.window_end, l.time_zone, l.cap, 0, 0, false
    from ledger_entries e, (select * from ledger_lines limit 1) l where e.id = '${id}'`)
}

/** Appends a hand-over of one mask that long ago, sealed as the service would have sealed it then; returns its id. */
export function sealedHandOver(
  db: Database,
  { pharmacy, professional, daysAgo }: PastHandOver,
  product = 'surgical',
): Promise<string> {
  return inTransaction(db, async (tx) => {
    const [head] = await lockHeadsFor(tx, professional)
    if (!head) throw new Error('nobody has this number')
    const id = seededUuid()
    const at = Date.now() - daysAgo * 86_400_000
    const window = { start: at - 86_400_000, end: at + 86_400_000 }
    const line = {
      product,
      quantity: 1,
      lot: null,
      ruleId: seededUuid(),
      ruleHash: null,
      window,
      timeZone: 'Europe/Paris',
    }
    const entry = {
      id,
      kind: 'dispensation' as const,
      recordedAt: at,
      occurredAt: at,
      pharmacy,
      profession: '60',
      territories: { practice: 'FR-31', pharmacy: 'FR-31' },
      lines: [line],
      flags: [],
      refersTo: null,
    }
    const weight = { effect: 1, countedAt: at, judged: { cap: 10, received: 0, held: 0 }, beyondCap: false }
    append(tx, asOfThen(seal(head, entry, { professional, numbers: [professional] })), [weight], professional)
    return id
  })
}

/** The entry as it was sealed in the first version, which did not say by what text of its rule a line was judged. */
function asOfThen(sealed: SealedEntry): SealedEntry {
  const fields = JSON.parse(sealed.canonical.toString())
  const lines = fields[11].map((line: unknown[]) => line.slice(0, 5))
  const canonical = Buffer.from(JSON.stringify(fields.with(0, FIRST_VERSION).with(11, lines)))
  return { ...sealed, canonical, entryHash: leafHash(canonical) }
}

/** Records that a pharmacy asked about people whom nobody knows, or about the one who is named. */
export async function checksBy(
  db: Database,
  pharmacy: string,
  { people, professional, daysAgo }: { people: number; professional?: string; daysAgo: number },
): Promise<void> {
  const person = professional
    ? `(select person_id from person_identifiers where identifier = '${professional}')`
    : 'gen_random_uuid()'
  await db.foreign(`insert into accesses (id, at, kind, person_id, reader_role, reader, pharmacy, outcome)
    select gen_random_uuid(), clock_timestamp() - interval '${daysAgo} days', 'dispensation_check', ${person}, 'pharmacy', 'till',
      '${pharmacy}', 'allow' from generate_series(1, ${people})`)
}
