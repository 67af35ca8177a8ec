import t, { type Test } from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { inTransaction } from '../../../src/db/transaction.ts'
import { runCheck } from '../../../src/store/invariants.ts'
import { addToTotals } from '../../../src/store/totals.ts'
import { onServerOnly } from '../../support/database.ts'
import { exportedLines } from '../../support/exports.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { asOwner } from '../../support/records.ts'
import { chanceFor } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 60)
await world.rule({ beneficiaries: [{ profession: '10' }], cap: 90 })
const places = [await world.pharmacy(1), await world.pharmacy(2, { territory: 'FR-29' }), await world.pharmacy(3)]
for (const place of places) {
  for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 1_000, product))
}
const people = [
  await world.professional(1),
  await world.professional(2, { profession: '10', practice: { ...CENTRE, territory: 'FR-29' } }),
  await world.professional(3, { practice: undefined }),
]

const summary = (query = '', token: string | undefined = world.regulator) =>
  call('GET', `/v1/audit/summary${query}`, { token })
const itemsOf = async (query = '', token?: string) => must(200, await summary(query, token)).body.items
const { pick, happens } = chanceFor('audit summary')

/** Hands over, takes back and overrides at random; refusals are part of it. */
async function live(steps: number): Promise<void> {
  const given: { id: string; token: string }[] = []
  for (const _ of range(steps)) {
    const place = pick(places)
    const lines = [{ product: pick(['surgical', 'ffp2']), quantity: pick([1, 7, 20]) }]
    const override = happens(0.3) ? { override: { reasonCode: 'cluster' } } : {}
    const answer = await world.dispense(place, pick(people).id, 1, { lines, ...override })
    if (answer.status === 201) given.push({ id: answer.body.id, token: place.token })
    if (given.length === 0 || happens(0.7)) continue
    const { id, token } = pick(given)
    await call('POST', `/v1/dispensations/${id}/reversal`, { token, key: true, body: { kind: 'entry_error' } })
  }
}

/** Gives the entries that wait their place in the log, and adds them to the totals, as the sequencer does. */
async function sequence(most: number): Promise<void> {
  await inTransaction(db, async (tx) => {
    const taken = await rows<{ id: string }>(
      tx,
      'take_pending',
      sql`with taken as (
            delete from log_pending where entry_id in (
              select entry_id from log_pending order by position limit ${most}::int) returning entry_id, position),
          placed as (
            insert into log_leaves select (select count(*) from log_leaves) + row_number() over (order by position) - 1, entry_id from taken)
          select entry_id as id from taken`,
    )
    addToTotals(
      tx,
      taken.map(({ id }) => id),
    )
  })
}

/** The same totals, added up from an export of the ledger. */
async function addedUp(groupBy: readonly string[]): Promise<object[]> {
  const groups = new Map<string, Record<string, number | string>>()
  for (const line of await exportedLines(service, world.regulator)) {
    const { received, held, quantity, cap } = line as Record<string, number>
    const masks = Number(quantity)
    const known: Record<string, string> = {
      week: mondayOf(String(line.dispensedAt)),
      territory: String(line.pharmacyTerritory),
      profession: String(line.profession),
      product: String(line.product),
      pharmacy: String(line.pharmacy),
    }
    const isReversal = line.kind === 'reversal'
    const beyond = isReversal ? 0 : Math.min(masks, Math.max(0, Number(received) + Number(held) + masks - Number(cap)))
    const group = Object.fromEntries(groupBy.map((name) => [name, known[name] ?? '']))
    const sum = groups.get(Object.values(group).join()) ?? { ...group, ...NOTHING }
    const add = (name: string, amount: number) => {
      sum[name] = Number(sum[name]) + amount
    }
    add(isReversal ? 'reversedLines' : 'dispensedLines', 1)
    add(isReversal ? 'reversedMasks' : 'dispensedMasks', masks)
    add('overriddenLines', beyond > 0 ? 1 : 0)
    add('masksBeyondCap', beyond)
    groups.set(Object.values(group).join(), sum)
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum)
}

const NOTHING = {
  dispensedLines: 0,
  dispensedMasks: 0,
  reversedLines: 0,
  reversedMasks: 0,
  overriddenLines: 0,
  masksBeyondCap: 0,
  lateLines: 0,
  veryLateLines: 0,
}

function mondayOf(time: string): string {
  const day = new Date(new Date(time).toLocaleString('sv', { timeZone: 'Europe/Paris' }).replace(' ', 'T').concat('Z'))
  return new Date(day.getTime() - ((day.getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10)
}

const GROUPS = [
  [],
  ['week'],
  ['territory'],
  ['pharmacy', 'product'],
  ['pharmacy', 'week', 'territory', 'profession', 'product'],
]

async function equalsLedger(t: Test, when: string): Promise<void> {
  for (const groupBy of GROUPS) {
    const query = groupBy.length > 0 ? `?groupBy=${groupBy.join()}` : ''
    t.strictSame(await itemsOf(query), await addedUp(groupBy), `${when}: ${groupBy.join()}`)
  }
}

t.test('200: over an empty ledger the total is nothing, and no group has any', async (t) => {
  t.strictSame(await itemsOf(), [NOTHING])
  t.strictSame(await itemsOf('?groupBy=week'), [])
})

t.test('200: equal to the ledger after any course of things, whether in the log yet or not', async (t) => {
  await live(40)
  await equalsLedger(t, 'all waiting')
  await sequence(15)
  await equalsLedger(t, 'some in the log')
  await live(20)
  await sequence(1_000)
  await equalsLedger(t, 'all in the log')
  await live(5)
  await equalsLedger(t, 'some waiting again')
  await invariantsHold(t, db)
})

t.test('the check names totals that are not those of the entries', async (t) => {
  const [first] = (await db.foreign('select * from audit_totals limit 1')).rows as {
    week: string
    dispensed_masks: string
  }[]
  await asOwner(
    db,
    `update audit_totals set dispensed_masks = dispensed_masks + 1 where ctid = (select ctid from audit_totals limit 1)`,
  )
  const found = await runCheck(db, 'check_totals')
  t.equal(found.length, 1)
  t.match(found[0], { invariant: 'totals', row: /^audit_totals 20/ })
  t.match(found[0]?.found, `dispensed_masks ${Number(first?.dispensed_masks) + 1}`)
  t.strictSame(await runCheck(db, 'check_totals_by_pharmacy'), [])
  await asOwner(db, 'delete from audit_totals_by_pharmacy')
  t.ok((await runCheck(db, 'check_totals_by_pharmacy')).length > 3, 'rows that are missing are named too')
})

t.test('two that add to the same groups at once do not lock each other out', { skip: onServerOnly }, async (t) => {
  await live(10)
  const ids = ((await db.foreign('select entry_id from log_pending')).rows as { entry_id: string }[]).map(
    ({ entry_id }) => entry_id,
  )
  const before = await runCheck(db, 'check_totals')
  await Promise.all(
    range(20).map((n) => db.attempt(async (tx) => addToTotals(tx, n % 2 === 0 ? ids : ids.toReversed()))),
  )
  t.ok((await runCheck(db, 'check_totals')).length > before.length, 'each was added')
})
