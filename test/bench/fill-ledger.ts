import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { v7 as uuidv7 } from 'uuid'
import { iso } from '../../src/domain/instant.ts'
import { type LedgerEntry, type SealedEntry, sealEntry } from '../../src/domain/ledger-entry.ts'
import { finess, rpps } from '../support/numbers.ts'
import { range } from '../support/tally.ts'

const BATCH = 10_000
const WEEKS = 10
const WEEK_MS = 7 * 86_400_000
const PROFESSIONS = ['10', '21', '26', '40', '50', '60', '70', '80']

interface Context extends LedgerSize {
  departments: string[]
  rule: string
  heads: Map<number, { seq: number; hash: Buffer }>
}

export interface LedgerSize {
  entries: number
  persons: number
  pharmacies: number
}

/** Fills the tables that a ledger refers to, and a ledger with a true chain a person, by COPY with the triggers off. */
export async function fillLedger(client: Client, size: LedgerSize, onProgress: (done: number) => void): Promise<void> {
  await client.query('set session_replication_role = replica')
  const context = {
    ...size,
    departments: await fillPlaces(client, size),
    rule: await fillRule(client),
    heads: new Map(),
  }
  for (let done = 0; done < size.entries; done += BATCH) {
    const sealed = range(Math.min(BATCH, size.entries - done)).map((n) => entry(done + n, context))
    await copy(client, 'ledger_entries', sealed.map(entryRow))
    await copy(client, 'ledger_lines', sealed.map(lineRow))
    await copy(client, 'ledger_payloads', sealed.map(payloadRow))
    onProgress(done + sealed.length)
  }
  await client.query(`insert into log_pending (entry_id) select id from ledger_entries order by recorded_at, seq`)
  await client.query(`insert into ledger_heads (person_id, seq, entry_hash)
    select distinct on (person_id) person_id, seq, entry_hash from ledger_entries order by person_id, seq desc
    on conflict (person_id) do update set seq = excluded.seq, entry_hash = excluded.entry_hash`)
  await client.query('set session_replication_role = origin')
  // Not in parallel: a container's shared memory is small.
  await client.query('vacuum (analyze, parallel 0)')
}

// Answers the départements, over which the pharmacies and practices are spread.
async function fillPlaces(client: Client, { persons, pharmacies }: LedgerSize): Promise<string[]> {
  const { rows } = await client.query(`select code from territories where kind = 'department' order by code`)
  const departments: string[] = rows.map(({ code }) => code)
  const department = (n: number) => departments[n % departments.length]
  await copy(
    client,
    'pharmacies (finess, name, address, location, territory, status)',
    range(pharmacies).map((n) => [
      finess(n),
      `Pharmacie ${n}`,
      `${n} rue`,
      `SRID=4326;POINT(${1 + n / 1e4} 44)`,
      department(n),
      'active',
    ]),
  )
  await copy(
    client,
    'persons (id, profession, family_name, given_name, status, practice_territory)',
    range(persons).map((n) => [personId(n), profession(n), 'Martin', 'Camille', 'active', department(n)]),
  )
  await copy(
    client,
    'person_identifiers (identifier, person_id)',
    range(persons).map((n) => [rpps(n), personId(n)]),
  )
  await client.query(
    `insert into products (code, name, kind) values ('surgical', 'surgical', 'mask'), ('ffp2', 'ffp2', 'mask')`,
  )
  return departments
}

async function fillRule(client: Client): Promise<string> {
  const { rows } = await client.query(
    `insert into allocation_rules (id, beneficiaries, products, cap, sub_caps, window_kind, window_count, territory, valid_from,
       source, confidence, published_by, published_at)
     values (gen_random_uuid(), '[]', '{surgical,ffp2}', 1000, '[]', 'calendar_weeks', 1, 'FR', '2026-01-01',
       '{"title": "A rule of the benchmark", "reference": "BENCH-1", "url": null}', 'high', 'bench', '2026-01-01') returning id`,
  )
  return rows[0].id
}

function entry(n: number, { entries, persons, pharmacies, departments, rule, heads }: Context): SealedEntry {
  const person = n % persons
  const last = heads.get(person)
  const start = Date.parse('2026-09-07T00:00:00.000Z')
  const recordedAt = Math.floor(start + (n / entries) * WEEKS * WEEK_MS)
  const week = Math.floor((recordedAt - start) / WEEK_MS)
  // Everybody goes to several pharmacies of the département of the practice, and one time in ten to one of another.
  const near =
    (person % departments.length) +
    departments.length * (((last?.seq ?? 0) * 7) % Math.floor(pharmacies / departments.length))
  const pharmacy = n % 10 === 0 ? (near + 1) % pharmacies : near
  const department = (of: number) => departments[of % departments.length] as string
  const unsealed: LedgerEntry = {
    id: uuidv7({ msecs: recordedAt }),
    personId: personId(person),
    seq: (last?.seq ?? 0) + 1,
    previousHash: last?.hash ?? null,
    kind: 'dispensation',
    recordedAt,
    occurredAt: recordedAt,
    pharmacy: finess(pharmacy),
    profession: profession(person),
    territories: { practice: department(person), pharmacy: department(pharmacy) },
    lines: [
      {
        product: n % 3 === 0 ? 'ffp2' : 'surgical',
        quantity: 1 + (n % 18),
        lot: n % 5 === 0 ? `L${n % 1000}` : null,
        ruleId: rule,
        window: { start: start + week * WEEK_MS, end: start + (week + 1) * WEEK_MS },
        timeZone: 'Europe/Paris',
      },
    ],
    flags: [],
    refersTo: null,
  }
  const payload = { professional: rpps(person), identityCheck: { method: 'cps_card' }, reservations: [] }
  const sealed = sealEntry(unsealed, Buffer.from(JSON.stringify(payload)), randomBytes(32))
  heads.set(person, { seq: sealed.seq, hash: sealed.entryHash })
  return sealed
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
  return [id, 0, personId, product, quantity, quantity, iso(occurredAt), lot, ruleId, ...period, 1_000, 0, 0, false]
}

function payloadRow({ id, salt, payload }: SealedEntry): unknown[] {
  return [id, salt, payload, JSON.parse(payload.toString()).professional]
}

const personId = (n: number) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
const profession = (n: number) => PROFESSIONS[n % PROFESSIONS.length] as string

function copy(client: Client, table: string, rows: unknown[][]): Promise<void> {
  const text = rows.map((row) => `${row.map(field).join('\t')}\n`).join('')
  return pipeline(Readable.from([text]), client.query(copyFrom(`copy ${table} from stdin`)))
}

function field(value: unknown): string {
  if (value === null) return '\\N'
  return Buffer.isBuffer(value) ? `\\\\x${value.toString('hex')}` : String(value).replaceAll('\\', '\\\\')
}
