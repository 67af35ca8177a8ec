import t, { type Test } from 'tap'
import { type Breach, runCheck } from '../../src/store/invariants.ts'
import { invariantsHold } from '../support/invariants.ts'
import { adeli } from '../support/numbers.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { CENTRE, makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 100))
const given = must(201, await world.dispense(place, nurse.id, 10)).body

/** Finds a forgery as it is described, and nothing once it is put back. */
async function finds(t: Test, check: string, forgery: string, breach: Partial<Breach>, back: string): Promise<void> {
  t.same(await runCheck(db, check), [])
  await tamper(service, forgery)
  t.match(await runCheck(db, check), [breach])
  await tamper(service, back)
  t.same(await runCheck(db, check), [])
}

t.test('an entry that waits for its place no more, and has none, is named', async (t) => {
  const breach = { invariant: 'I6' as const, row: `ledger entry ${given.id}` }
  const wait = `insert into log_pending (entry_id) values ('${given.id}')`
  await finds(
    t,
    'check_log',
    `delete from log_pending where entry_id = '${given.id}'`,
    { ...breach, found: 'neither in the log nor waiting for its place' },
    wait,
  )
  await finds(
    t,
    'check_log',
    `insert into log_leaves (index, entry_id) values (0, '${given.id}')`,
    { ...breach, found: 'in the log, and waiting again' },
    'delete from log_leaves',
  )
})

t.test('a number that leads to another person than its entries is named, without the number', async (t) => {
  const other = seededUuid()
  const owner = `(select person_id from ledger_entries where id = '${given.id}')`
  const repoint = (to: string) => `update person_identifiers set person_id = ${to} where identifier = '${nurse.id}'`
  await tamper(
    service,
    `insert into persons (id, profession, family_name, given_name, status, practice_territory)
     values ('${other}', '60', 'M', 'C', 'active', 'FR-31')`,
    `insert into ledger_heads (person_id) values ('${other}')`,
  )
  const breach = { invariant: 'I3' as const, found: `1 entries name a number that now leads to person ${other}` }
  await finds(t, 'check_numbers', repoint(`'${other}'`), breach, repoint(owner))
  await finds(
    t,
    'check_numbers',
    `delete from person_identifiers where identifier = '${nurse.id}'`,
    { invariant: 'I3', found: '1 entries name a number that now leads to nobody' },
    `insert into person_identifiers (identifier, person_id) values ('${nurse.id}', ${owner})`,
  )
})

t.test('two persons who were merged and are two again are named', async (t) => {
  const body = {
    profession: '60',
    familyName: 'M',
    givenName: 'C',
    otherIds: [] as string[],
    practice: { ...CENTRE, territory: 'FR-31' },
    status: 'active',
  }
  const put = (id: string, otherIds: string[]) =>
    call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...body, otherIds } })
  must(201, await put(adeli(1), []))
  must(201, await world.dispense(place, adeli(1), 5))
  must(200, await put(nurse.id, [adeli(1)]))
  await invariantsHold(t, db)
  const merged = `(select person_id from person_identifiers where identifier = '${adeli(1)}')`
  const root = `(select person_id from person_identifiers where identifier = '${nurse.id}')`
  await tamper(service, `update persons set merged_into = null where id = ${merged}`)
  t.match(await runCheck(db, 'check_links'), Array(2).fill({ invariant: 'I3', found: /who are two again$/ }))
  await tamper(service, `update persons set merged_into = ${root} where id = ${merged}`)
  await invariantsHold(t, db)
})
