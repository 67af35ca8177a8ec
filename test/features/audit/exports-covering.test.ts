import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { exportsCovering } from '../../../src/store/selection.ts'
import { exported, exportedLines } from '../../support/exports.ts'
import { adeli, rpps } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 1_000)
const toulouse = await world.pharmacy(1)
const brest = await world.pharmacy(2, { territory: 'FR-29' })
for (const place of [toulouse, brest]) must(201, await world.count(place, 1_000))
must(201, await world.count(brest, 3_000, 'ffp2'))

const nurse = await world.professional(1)
const breton = await world.professional(2, { practice: { ...CENTRE, territory: 'FR-29' } })
const both = await world.professional(3)
const nobody = await world.professional(4)
must(201, await world.dispense(toulouse, nurse.id, 1))
const first = must(201, await world.dispense(brest, breton.id, 2)).body
must(201, await world.dispense(toulouse, both.id, 1))
const lines = [
  { product: 'surgical', quantity: 1, lot: "l'A" },
  { product: 'ffp2', quantity: 2_000, lot: 'B' },
]
must(201, await world.dispense(brest, both.id, 1, { lines, override: { reasonCode: 'other' } }))
const people = [nurse, breton, both, nobody]

/** The readers of exports that covered an entry of a person, oldest first. */
async function coveringReaders(identifier: string): Promise<string[]> {
  const persons = sql`select p.id from person_identifiers i join persons k on k.id = i.person_id
    join persons p on coalesce(p.merged_into, p.id) = coalesce(k.merged_into, k.id) where i.identifier = ${identifier}`
  const found = await rows<{ reader: string }>(
    db,
    'covering_readers',
    sql`select a.reader from accesses a where ${exportsCovering(persons)} order by a.at, a.id`,
  )
  return found.map(({ reader }) => reader)
}

t.test('an export covers exactly those who are in it, whatever it was narrowed by', async (t) => {
  const selections: [string, string[], string[]][] = [
    ['', ['FR'], []],
    ['', ['FR-BRE'], []],
    ['', ['FR'], ['10']],
    ['', ['FR-31'], ['60', '10']],
    ['', [], []],
    [`?pharmacy=${brest.finess}`, ['FR'], []],
    [`?professional=${both.id}`, ['FR'], []],
    [`?professional=${nurse.id}`, ['FR-29'], []],
    [`?professional=${rpps(99)}`, ['FR'], []],
    ['?profession=60', ['FR'], []],
    ['?profession=10', ['FR'], []],
    ['?territory=FR-OCC', ['FR'], []],
    ['?product=ffp2', ['FR'], []],
    ['?lot=l%27A', ['FR'], []],
    ['?lot=B&product=surgical', ['FR'], []],
    ['?flag=override', ['FR'], []],
    [`?from=${first.dispensedAt}`, ['FR'], []],
    [`?to=${first.dispensedAt}`, ['FR'], []],
  ]
  for (const [index, [query, territories, professions]] of selections.entries()) {
    const token = await service.token({ role: 'regulator', subject: `r${index}`, territories, professions })
    const shown = new Set((await exportedLines(service, token, query)).map(({ professional }) => professional))
    for (const { id } of people) {
      t.equal(
        (await coveringReaders(id)).includes(`r${index}`),
        shown.has(id),
        `${query} ${territories} ${professions}`,
      )
    }
  }
})

t.test('an export does not cover what is recorded after it', async (t) => {
  const token = await service.token({ role: 'regulator', subject: 'early', territories: ['FR'] })
  await exportedLines(service, token)
  const late = await world.professional(5)
  must(201, await world.dispense(toulouse, late.id, 1))
  t.notOk((await coveringReaders(late.id)).includes('early'))
  await exportedLines(service, token)
  t.ok((await coveringReaders(late.id)).includes('early'))
})

t.test('whoever turns out to be the same person finds the exports of both histories', async (t) => {
  const older = { profession: '60', familyName: 'M', givenName: 'C', otherIds: [], status: 'active' }
  must(201, await call('PUT', `/v1/professionals/${adeli(6)}`, { token: world.admin, body: older }))
  must(201, await world.dispense(brest, adeli(6), 1))
  const token = await service.token({ role: 'regulator', subject: 'brest', territories: ['FR-29'] })
  await exportedLines(service, token, `?professional=${adeli(6)}`)
  const nurse = await world.professional(6)
  t.strictSame(await coveringReaders(nurse.id), [])
  must(
    200,
    await call('PUT', `/v1/professionals/${nurse.id}`, {
      token: world.admin,
      body: { ...older, otherIds: [adeli(6)] },
    }),
  )
  t.strictSame(await coveringReaders(nurse.id), ['brest'])
})

t.test('an export is recorded once, without a national number, and with what it could see', async (t) => {
  const token = await service.token({
    role: 'regulator',
    subject: 'once',
    territories: ['FR-OCC'],
    professions: ['60'],
  })
  const headers = { authorization: `Bearer ${token}`, accept: 'text/csv', 'x-operator': 'desk-4' }
  await service.app.inject({ url: `/v1/audit/dispensations?professional=${nurse.id}&product=surgical`, headers })
  const kept = await rows<{ text: string; selection: Record<string, unknown> }>(
    db,
    'kept_exports',
    sql`select to_json(a)::text as text, selection from accesses a where reader = 'once'`,
  )
  t.equal(kept.length, 1)
  t.notMatch(kept[0]?.text, nurse.id)
  t.match(JSON.parse(kept[0]?.text ?? ''), { kind: 'audit_export', outcome: 'shown', operator: 'desk-4' })
  t.match(kept[0]?.selection, { product: 'surgical', professions: ['60'], persons: [String] })
  t.ok(String(kept[0]?.selection.remit).includes('FR-31'), 'the remit names the territories below too')
  t.equal((await exported(service, token, 'text/csv', '?territory=FR-XX')).status, 400)
  t.equal(
    (await db.foreign(`select from accesses where reader = 'once'`)).rows.length,
    1,
    'what is refused is no access',
  )
})
