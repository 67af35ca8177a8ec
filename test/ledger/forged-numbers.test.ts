import t from 'tap'
import { sequenceAndPublish } from '../../src/jobs/ledger/sequencer.ts'
import { exportBundle, linesOf, verify } from '../support/bundle.ts'
import { ledgerJob } from '../support/ledger.ts'
import { adeli } from '../support/numbers.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { CENTRE, makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const job = await ledgerJob(t, service)
const world = await makeWorld(service)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))
const body = {
  profession: '60',
  familyName: 'M',
  givenName: 'C',
  practice: { ...CENTRE, territory: 'FR-31' },
  status: 'active',
}
const put = (id: string, otherIds: string[]) =>
  service.call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...body, otherIds } })

async function wholeLog(): Promise<string> {
  await sequenceAndPublish(job)
  return exportBundle(service)
}

t.test('each entry seals all the numbers of its person, and a merge is in both chains', async (t) => {
  must(201, await put(adeli(1), []))
  must(201, await world.dispense(place, adeli(1), 5))
  const { id } = await world.professional(1)
  must(200, await put(id, [adeli(1)]))
  must(201, await world.dispense(place, adeli(1), 2))
  const bundle = await wholeLog()
  t.match(verify(bundle), { newest: { size: 7 } })
  const told = linesOf(bundle).entries.flatMap(({ columns, payload }) =>
    columns ? [[columns.kind, JSON.parse(String(payload)).numbers]] : [],
  )
  const both = [adeli(1), id].sort()
  t.same(told, [
    ['dispensation', [adeli(1)]],
    ['link', both],
    ['link', both],
    ['dispensation', both],
  ])
})

t.test('a number moved to somebody new, who is given a second share, is named with both entries', async (t) => {
  const { id } = await world.professional(2)
  must(201, await world.dispense(place, id, 10))
  must(409, await world.dispense(place, id, 10))
  const first = linesOf(await wholeLog()).entries.at(-1)?.index
  const other = seededUuid()
  await tamper(
    service,
    `insert into persons (id, profession, family_name, given_name, status, practice_territory) values ('${other}', '60', 'M', 'C', 'active', 'FR-31')`,
    `insert into ledger_heads (person_id) values ('${other}')`,
    `update person_identifiers set person_id = '${other}' where identifier = '${id}'`,
  )
  must(201, await world.dispense(place, id, 10))
  const bundle = await wholeLog()
  const second = linesOf(bundle).entries.at(-1)?.index
  const found = verify(bundle)
  t.equal(
    found,
    `entry ${second}: it names a number that entry ${first} names for another person, and no link entry joins the two`,
  )
  t.notMatch(found, id, 'and no number is told')
})

t.test('a hand-over taken out of the queue leaves a gap in the chain of its person', async (t) => {
  const other = await startService(t)
  const elsewhere = await makeWorld(other)
  const there = await elsewhere.pharmacy(1)
  must(201, await elsewhere.count(there, 100))
  const { id } = await elsewhere.professional(1)
  must(201, await elsewhere.dispense(there, id, 1))
  await tamper(other, 'delete from log_pending where entry_id is not null')
  must(201, await elsewhere.dispense(there, id, 1))
  await sequenceAndPublish(await ledgerJob(t, other))
  t.match(verify(await exportBundle(other)), /^entry 1: it has sequence 2 in its person’s history, after none/)
})
