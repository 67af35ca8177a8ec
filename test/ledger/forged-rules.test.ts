import t, { type Test } from 'tap'
import { sequenceAndPublish } from '../../src/jobs/ledger/sequencer.ts'
import { runCheck } from '../../src/store/invariants.ts'
import { exportBundle, linesOf, verify } from '../support/bundle.ts'
import { invariantsHold } from '../support/invariants.ts'
import { ledgerJob } from '../support/ledger.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { db } = service
const job = await ledgerJob(t, service)
const world = await makeWorld(service, null)
const rule = await world.rule({ cap: 10, validTo: '2199-01-01T00:00:00.000Z' })
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))
let persons = 0
const somebody = () => world.professional(++persons)
const ofRule = `where id = '${rule.id}'`

/** The index of the newest entry of a bundle of the whole log. */
const newestOf = (bundle: string) => linesOf(bundle).entries.at(-1)?.index

/**
 * Forges a rule: `check` names it at once, and once somebody was served by it the verifier names the entry, for good.
 * The database is put back as it was; the next forgery adds to the log, so that the first fault stays the first.
 */
async function findsForgedRule(t: Test, forgery: string, back: string, found: string): Promise<string> {
  const { id } = await somebody()
  await tamper(service, `update allocation_rules set ${forgery} ${ofRule}`)
  t.match(await runCheck(db, 'check_rules'), [{ invariant: 'I6', row: `allocation rule ${rule.id}`, found }], forgery)
  const { status } = await world.dispense(place, id, 1)
  await tamper(service, `update allocation_rules set ${back} ${ofRule}`)
  t.same(await runCheck(db, 'check_rules'), [])
  return String(status)
}

t.test('as it was published, a rule judges, and all verifies', async (t) => {
  const { id } = await somebody()
  must(201, await world.dispense(place, id, 1))
  await sequenceAndPublish(job)
  const bundle = await exportBundle(service)
  t.match(verify(bundle), { records: 3 })
  const { canonical } = linesOf(bundle).entries.find(({ columns }) => columns) ?? { canonical: '' }
  t.match(JSON.parse(canonical)[11][0][5], /^[A-Za-z0-9+/]{43}=$/)
  await invariantsHold(t, db)
})

t.test('a rule that is edited is named by check, and each entry that it judged by the verifier', async (t) => {
  const other = 'it says something else than what was published'
  const edits: [string, string][] = [
    [`beneficiaries = '[{"profession": "60"}, {"profession": "10"}]'`, `beneficiaries = '[{"profession": "60"}]'`],
    [`source = source || '{"title": "Forged"}'`, `source = source || '{"title": "A rule for tests"}'`],
    [`valid_from = '2025-12-01Z'`, `valid_from = '2026-01-01Z'`],
    ['valid_to = null', `valid_to = '2199-01-01Z'`],
    ['cap = 1000', 'cap = 10'],
    [`sub_caps = '[{"product": "ffp2", "cap": 1}]'`, `sub_caps = '[]'`],
    [`confidence = 'low'`, `confidence = 'high'`],
  ]
  for (const [forgery, back] of edits) {
    t.equal(await findsForgedRule(t, forgery, back, other), '201')
    if (forgery !== edits[0]?.[0]) continue
    await sequenceAndPublish(job)
    const bundle = await exportBundle(service)
    t.match(
      verify(bundle),
      `entry ${newestOf(bundle)}: it was judged by rule ${rule.id}, which is not what entry 0 published`,
    )
  }
  const authority = `authority_territory = 'FR-31', authority_professions = '{}'`
  const named = 'another authority is named than the one that published it'
  await findsForgedRule(t, authority, 'authority_territory = null, authority_professions = null', named)
  const withdrawn = 'it is withdrawn otherwise than the log’s records say'
  t.equal(await findsForgedRule(t, 'withdrawn_at = now()', 'withdrawn_at = null', withdrawn), '409')
})

t.test('a rule that was never published, and one that is gone, are named', async (t) => {
  const copy = seededUuid()
  const columns = `beneficiaries, products, cap, sub_caps, window_kind, window_count, territory, valid_from, valid_to, source,
    confidence, published_by, published_at, withdrawn_at, authority_territory, authority_professions`
  await tamper(
    service,
    `insert into allocation_rules (id, ${columns}) select '${copy}', ${columns} from allocation_rules ${ofRule}`,
  )
  t.match(await runCheck(db, 'check_rules'), [
    { row: `allocation rule ${copy}`, found: 'the log holds no record of its publication' },
  ])
  await tamper(service, `delete from allocation_rules where id = '${copy}'`)
  await tamper(
    service,
    `create table kept as select * from allocation_rules ${ofRule}`,
    `delete from allocation_rules ${ofRule}`,
  )
  t.match(await runCheck(db, 'check_rules'), [
    { row: `allocation rule ${rule.id}`, found: 'it was published, and is gone' },
  ])
  await tamper(service, 'insert into allocation_rules select * from kept', 'drop table kept')
  t.same(await runCheck(db, 'check_rules'), [])
})

t.test('a withdrawal is recorded once, however often it is said', async (t) => {
  const other = await world.rule({ territory: 'FR-29' })
  for (const _ of [1, 2]) {
    must(
      200,
      await service.call('POST', `/v1/allocation-rules/${other.id}/withdrawal`, { token: world.admin, key: true }),
    )
  }
  await sequenceAndPublish(job)
  const records = linesOf(await exportBundle(service)).entries.map(({ canonical }) => JSON.parse(canonical))
  t.same(
    records.filter(([, , , , subject]) => subject === other.id).map(([, , kind]) => kind),
    ['rule_published', 'rule_withdrawn'],
  )
  t.same(await runCheck(db, 'check_rules'), [])
})
