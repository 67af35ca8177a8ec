import t from 'tap'
import { driverError } from '../../src/db/failures.ts'
import { sql } from '../../src/db/sql.ts'
import { sequenceAndPublish } from '../../src/jobs/ledger/sequencer.ts'
import { ledgerJob } from '../support/ledger.ts'
import { startService } from '../support/service.ts'
import { superuser } from '../support/superuser.ts'
import { makeWorld, must } from '../support/world.ts'

const REFUSED = '42501' // insufficient_privilege

/** What nobody may do. */
const forNobody = [
  'update ledger_entries set seq = seq',
  'delete from ledger_entries',
  'truncate ledger_entries cascade',
  'update ledger_lines set quantity = quantity',
  'delete from ledger_lines',
  'truncate ledger_lines',
  'update ledger_payloads set professional = professional',
  'truncate ledger_payloads',
  'update log_leaves set index = index + 1',
  'delete from log_leaves',
  'truncate log_leaves',
  'truncate log_records cascade',
  'update log_records set kind = kind',
  'delete from log_records',
  'update log_tiles set hashes = sha256(hashes)',
  'delete from log_tiles',
  'truncate log_tiles',
  'update log_state set size = size - 1',
  'delete from log_state',
  'truncate log_state',
  'update log_checkpoints set size = size + 1',
  'delete from log_checkpoints',
  'truncate log_checkpoints',
  'update log_keys set verifier_key = verifier_key',
  'delete from log_keys',
  'truncate log_keys',
  'update refusals set code = code',
  'delete from refusals',
  'truncate refusals',
  'update admin_acts set name = name',
  'delete from admin_acts',
  'truncate admin_acts cascade',
  'update admin_act_places set territory = territory',
  'delete from admin_act_places',
  'truncate admin_act_places',
]
/** What nobody may do without an erasure in the chain of the person, after the entry whose payload it is. */
const withoutErasure = [
  'delete from ledger_payloads',
  `with erasure_of_another as (
     insert into ledger_entries (id, person_id, seq, kind, entry_hash, canonical, recorded_at, occurred_at, flags)
     select gen_random_uuid(), p.id, 1, 'erasure', entry_hash, '', recorded_at, occurred_at, '{}'
     from ledger_entries, persons p where p.id <> person_id)
   delete from ledger_payloads`,
  `with unnamed as (
     insert into ledger_entries (id, person_id, seq, kind, previous_hash, entry_hash, canonical, recorded_at, occurred_at,
       pharmacy, flags)
     select gen_random_uuid(), person_id, seq + 1, kind, entry_hash, entry_hash, '', recorded_at, occurred_at, pharmacy, '{}'
     from ledger_entries returning id)
   insert into ledger_payloads select id, sha256('salt'), '', null from unnamed`,
]
const forTheService = [
  'delete from ledger_heads',
  'alter table ledger_entries disable trigger all',
  'drop trigger ledger_entries_append_only on ledger_entries',
  'drop table ledger_lines',
  'delete from accesses',
  'update accesses set kind = kind',
]

t.test('the ledger is append-only', async (t) => {
  const service = await startService(t)
  const world = await makeWorld(service)
  const place = await world.pharmacy(1)
  const { id } = await world.professional(1)
  await world.professional(2)
  must(201, await world.count(place, 100))
  must(201, await world.dispense(place, id, 4))
  must(409, await world.dispense(place, id, 99))
  const ledger = async () =>
    (
      await service.db.foreign(`select * from ledger_entries e join ledger_lines l on l.entry_id = id
       join ledger_payloads p on p.entry_id = id`)
    ).rows
  await sequenceAndPublish(await ledgerJob(t, service))
  const before = await ledger()
  t.equal(before.length, 1)

  await t.test('for the service, by its privileges', async (t) => {
    for (const statement of [...forNobody, ...forTheService]) {
      const failure = await failureOf(service.db.execute(sql.raw(statement)))
      t.match(failure, { code: REFUSED, message: /^(permission denied|must be owner|the log only grows)/ }, statement)
    }
    for (const statement of withoutErasure) {
      const failure = await failureOf(service.db.execute(sql.raw(statement)))
      t.match(failure, { code: REFUSED, message: /^the ledger is append-only.*without an erasure/ }, statement)
    }
  })

  await t.test('for a superuser, by its triggers', async (t) => {
    const { run, end } = await superuser(service)
    const [who] = (await run('select rolsuper from pg_roles where rolname = current_user')).rows
    t.same(who, { rolsuper: true })
    for (const statement of [...forNobody, ...withoutErasure]) {
      t.match(
        await failureOf(run(statement)),
        { code: REFUSED, message: /^the (ledger is append-only|log only grows)/ },
        statement,
      )
    }
    await end()
  })

  t.same(await ledger(), before, 'it is as it was')
})

async function failureOf(statement: Promise<unknown>): Promise<ReturnType<typeof driverError>> {
  try {
    await statement
    return undefined
  } catch (error) {
    return driverError(error)
  }
}
