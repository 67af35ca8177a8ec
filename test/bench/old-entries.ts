import pg from 'pg'
import type { Instant } from '../../src/domain/instant.ts'
import { rpps } from '../support/numbers.ts'
import { range } from '../support/tally.ts'
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
  /** For the service, a mask each. */
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
  plan: LedgerPlan & { places: Places },
): Promise<OldEntries> {
  const found = entriesAt(counters, plan)
  const [bare, ours] = [found.slice(0, BARE), found.slice(BARE)]
  return { turns: inRounds(ours, await takenBack(url, ours)), bare }
}

/** Each entry as often as it has masks left, and none a second time before all others. */
export function inRounds<T extends { id: string; quantity: number }>(
  entries: readonly T[],
  takenBack: ReadonlyMap<string, number>,
): T[] {
  const left = ({ id, quantity }: T) => quantity - (takenBack.get(id) ?? 0)
  const rounds = range(entries.reduce((most, entry) => Math.max(most, left(entry)), 0))
  return rounds.flatMap((round) => entries.filter((entry) => left(entry) > round))
}

function entriesAt(counters: readonly number[], plan: LedgerPlan & { places: Places }): OldEntry[] {
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

async function takenBack(url: string, entries: readonly OldEntry[]): Promise<Map<string, number>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(
    `select e.reverses as id, sum(l.quantity)::int as quantity
     from ledger_entries e join ledger_lines l on l.entry_id = e.id where e.reverses = any($1::uuid[]) group by 1`,
    [entries.map(({ id }) => id)],
  )
  await client.end()
  return new Map(rows.map(({ id, quantity }) => [id, quantity]))
}
