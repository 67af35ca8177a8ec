import pg from 'pg'
import type { Instant } from '../../src/domain/instant.ts'
import { rpps } from '../support/numbers.ts'
import { entryAbout, entryId, type LedgerPlan, recordedAt } from './set/entries.ts'
import { personId } from './set/fill-places.ts'
import type { Places } from './set/places.ts'

/** An entry of the set, to be taken back. */
export interface OldEntry {
  nth: number
  id: string
  at: Instant
  person: { nth: number; id: string; rpps: string }
  /** Its place among the counters. */
  counter: number
  quantity: number
}

/** Hand-overs of `surgical` at the counters that call, and what runs on a set that was kept have already taken back. */
export interface OldEntries {
  /** For the service, each as often as it has masks left, and none a second time before all others. */
  turns: OldEntry[]
  /** For the bare database, whose script takes back without asking what is left. */
  bare: OldEntry[]
}

const ENTRIES = 7_000
const BARE = 1_000

/** Finds them, the newest first. */
export async function oldEntries(
  url: string,
  counters: readonly number[],
  plan: Omit<LedgerPlan, 'rule'> & { places: Places },
): Promise<OldEntries> {
  const found = entriesAt(counters, plan)
  const [bare, ours] = [found.slice(0, BARE), found.slice(BARE)]
  const left = await leftOf(url, ours)
  const most = Math.max(0, ...left.values())
  const turns: OldEntry[] = []
  for (let round = 0; round < most; round++) turns.push(...ours.filter(({ id }) => (left.get(id) ?? 0) > round))
  return { turns, bare }
}

function entriesAt(counters: readonly number[], plan: Omit<LedgerPlan, 'rule'> & { places: Places }): OldEntry[] {
  const byPharmacy = new Map(counters.map((nth, counter) => [plan.places.pharmacies[nth], counter]))
  const found: OldEntry[] = []
  for (let nth = plan.entries - 1; nth >= 0 && found.length < ENTRIES; nth--) {
    const { person, pharmacy, product, quantity } = entryAbout(nth, plan)
    const counter = byPharmacy.get(pharmacy)
    if (counter === undefined || product !== 'surgical') continue
    const about = { nth: person, id: personId(person), rpps: rpps(person) }
    found.push({ nth, id: entryId(nth, plan), at: recordedAt(nth, plan), person: about, counter, quantity })
  }
  return found
}

async function leftOf(url: string, entries: readonly OldEntry[]): Promise<Map<string, number>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(
    `select e.reverses as id, sum(l.quantity)::int as back from ledger_entries e join ledger_lines l on l.entry_id = e.id
     where e.reverses = any($1::uuid[]) group by 1`,
    [entries.map(({ id }) => id)],
  )
  await client.end()
  const back = new Map(rows.map(({ id, back }): [string, number] => [id, back]))
  return new Map(entries.map(({ id, quantity }) => [id, quantity - (back.get(id) ?? 0)]))
}
