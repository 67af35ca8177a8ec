import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { type Instant, iso } from '../../../src/domain/instant.ts'
import { type LedgerEntry, type SealedEntry, sealEntry } from '../../../src/domain/ledger-entry.ts'
import { rpps } from '../../support/numbers.ts'
import { range } from '../../support/tally.ts'
import { copyRows } from './copy-rows.ts'
import { CAP, personId, profession } from './fill-places.ts'
import type { Places } from './places.ts'

const BATCH = 10_000
const WEEKS = 10
const WEEK_MS = 7 * 86_400_000
const MONDAY = Date.parse('2026-01-05T00:00:00Z')

/** What the entries of a set are made from. */
export interface LedgerPlan {
  entries: number
  persons: number
  places: Places
  rule: string
  /** When the first was recorded: ten weeks before the present one. */
  start: Instant
}

/** The ledger of a set ends with the last week, so that the present windows begin with what a week's traffic leaves. */
export function ledgerStart(now: Instant): Instant {
  return MONDAY + (Math.floor((now - MONDAY) / WEEK_MS) - WEEKS) * WEEK_MS
}

/** The id of the nth entry, in the order of time as UUIDv7 are. */
export function entryId(nth: number, { entries, start }: Pick<LedgerPlan, 'entries' | 'start'>): string {
  const ms = recordedAt(nth, { entries, start }).toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-${nth.toString(16).padStart(12, '0')}`
}

/** Whom and where the nth entry is about. */
export function entryAbout(nth: number, { persons, places }: Pick<LedgerPlan, 'persons' | 'places'>) {
  const person = nth % persons
  const { nearPharmacy, territory } = places.practice(person)
  // Everybody goes to the pharmacies around the practice in turn, and one time in ten to one farther away.
  const steps = nth % 10 === 0 ? 50 : Math.floor(nth / persons) % 5
  const pharmacy = places.pharmacies[(nearPharmacy + steps) % places.pharmacies.length]
  if (!pharmacy) throw new Error('a set has pharmacies')
  const product = nth % 3 === 0 ? 'ffp2' : 'surgical'
  return { person, pharmacy, practiceTerritory: territory, product, quantity: 1 + (nth % 18) }
}

/** Fills the ledger with a true chain a person, by COPY with the triggers off; entries wait for their place in the log. */
export async function fillLedger(client: Client, plan: LedgerPlan, onProgress: (done: number) => void): Promise<void> {
  const heads = new Map<number, Buffer>()
  let copied = Promise.resolve()
  for (let done = 0; done < plan.entries; done += BATCH) {
    const sealed = range(Math.min(BATCH, plan.entries - done)).map((n) => seal(done + n, plan, heads))
    // Sealed while PostgreSQL took the batch before.
    await copied
    onProgress(done)
    copied = copyEntries(client, sealed)
  }
  await copied
  onProgress(plan.entries)
  await client.query(`update ledger_heads h set seq = last.seq, entry_hash = last.entry_hash from (
    select distinct on (person_id) person_id, seq, entry_hash from ledger_entries order by person_id, seq desc) as last
    where h.person_id = last.person_id`)
}

async function copyEntries(client: Client, sealed: readonly SealedEntry[]): Promise<void> {
  await copyRows(client, 'ledger_entries', sealed.map(entryRow))
  await copyRows(client, 'ledger_lines', sealed.map(lineRow))
  await copyRows(client, 'ledger_payloads', sealed.map(payloadRow))
  await copyRows(
    client,
    'log_pending (entry_id)',
    sealed.map(({ id }) => [id]),
  )
}

function seal(nth: number, plan: LedgerPlan, heads: Map<number, Buffer>): SealedEntry {
  const { person, pharmacy, practiceTerritory, product, quantity } = entryAbout(nth, plan)
  const at = recordedAt(nth, plan)
  const windowStart = MONDAY + Math.floor((at - MONDAY) / WEEK_MS) * WEEK_MS
  const unsealed: LedgerEntry = {
    id: entryId(nth, plan),
    personId: personId(person),
    seq: Math.floor(nth / plan.persons) + 1,
    previousHash: heads.get(person) ?? null,
    kind: 'dispensation',
    recordedAt: at,
    occurredAt: at,
    pharmacy: pharmacy.finess,
    profession: profession(person),
    territories: { practice: practiceTerritory, pharmacy: pharmacy.territory },
    lines: [
      {
        product,
        quantity,
        lot: nth % 5 === 0 ? `L${nth % 1000}` : null,
        ruleId: plan.rule,
        window: { start: windowStart, end: windowStart + WEEK_MS },
        timeZone: 'Europe/Paris',
      },
    ],
    flags: [],
    refersTo: null,
  }
  const payload = { professional: rpps(person), identityCheck: { method: 'cps_card' }, reservations: [] }
  const salt = createHash('sha256').update(`salt ${nth}`).digest()
  const sealed = sealEntry(unsealed, Buffer.from(JSON.stringify(payload)), salt)
  heads.set(person, sealed.entryHash)
  return sealed
}

/** When the nth entry was recorded. */
export function recordedAt(nth: number, { entries, start }: Pick<LedgerPlan, 'entries' | 'start'>): Instant {
  return start + Math.floor((nth / entries) * WEEKS * WEEK_MS)
}

function entryRow(e: SealedEntry): unknown[] {
  const { territories } = e
  const times = [iso(e.recordedAt), iso(e.occurredAt)]
  const who = [e.pharmacy, e.profession, territories.practice, territories.pharmacy]
  return [e.id, e.personId, e.seq, e.kind, e.previousHash, e.entryHash, e.canonical, ...times, ...who, '{}', null]
}

function lineRow({ id, personId, lines: [line], occurredAt }: SealedEntry): unknown[] {
  if (!line) throw new Error('every entry here has a line')
  const { product, quantity, lot, ruleId, window, timeZone } = line
  const period = [iso(window.start), window.end === null ? null : iso(window.end), timeZone]
  return [id, 0, personId, product, quantity, quantity, iso(occurredAt), lot, ruleId, ...period, CAP, 0, 0, false]
}

function payloadRow({ id, salt, payload }: SealedEntry): unknown[] {
  return [id, salt, payload, JSON.parse(payload.toString()).professional]
}
