import t from 'tap'
import { sequenceAndPublish } from '../../src/jobs/ledger/sequencer.ts'
import { runCheck } from '../../src/store/invariants.ts'
import { exportBundle, linesOf, verify } from '../support/bundle.ts'
import { ledgerJob } from '../support/ledger.ts'
import { adeli } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { CENTRE, makeWorld, must } from '../support/world.ts'

t.test('at the first start, rules and merges of an older release are recorded, once', async (t) => {
  const service = await startService(t)
  const job = await ledgerJob(t, service)
  const world = await makeWorld(service, null)
  const rules = [await world.rule(), await world.rule({ territory: 'FR-29' })]
  must(
    200,
    await service.call('POST', `/v1/allocation-rules/${rules[1]?.id}/withdrawal`, { token: world.admin, key: true }),
  )
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 100))
  const { id } = await world.professional(1)
  const older = {
    profession: '60',
    familyName: 'M',
    givenName: 'C',
    otherIds: [],
    practice: { ...CENTRE, territory: 'FR-31' },
    status: 'active',
  }
  must(201, await service.call('PUT', `/v1/professionals/${adeli(1)}`, { token: world.admin, body: older }))
  must(201, await world.dispense(place, adeli(1), 2))
  // As an older release left it: no records, and a merge of the only history there was.
  const personOf = (number: string) => `(select person_id from person_identifiers where identifier = '${number}')`
  await tamper(
    service,
    'delete from log_pending where record_id is not null',
    'delete from log_records',
    `update persons set merged_into = ${personOf(id)} where id = ${personOf(adeli(1))}`,
  )
  must(201, await world.dispense(place, adeli(1), 2))
  await sequenceAndPublish(job)
  await sequenceAndPublish(job)
  const bundle = await exportBundle(service)
  t.match(verify(bundle), { records: 5, newest: { size: 9 } })
  const { entries } = linesOf(bundle)
  t.same(
    entries.flatMap(({ columns }) => columns?.kind ?? []),
    ['dispensation', 'dispensation', 'link', 'link'],
  )
  const records = entries.filter(({ columns }) => !columns).map(({ canonical }) => JSON.parse(canonical))
  t.same(
    records.map(([, , kind, , subject, fields]) => [kind, subject, fields[3]]),
    [
      ['rule_published', rules[0]?.id, true],
      ['rule_published', rules[1]?.id, true],
      ['rule_withdrawn', rules[1]?.id, undefined],
      ['adopted', 'rules', undefined],
      ['adopted', 'links', undefined],
    ],
  )
  t.same(await runCheck(service.db, 'check_rules'), [])
})
