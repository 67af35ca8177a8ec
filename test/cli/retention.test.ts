import t from 'tap'
import { gomask, handOver } from '../support/command.ts'
import { onServerSooner } from '../support/database.ts'
import { sealedHandOver } from '../support/past.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

t.test('gomask retention', { skip: onServerSooner }, async (t) => {
  const service = await startService(t)
  const world = await makeWorld(service, 10)
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 100))
  const [old, gone] = [await world.professional(1), await world.professional(2)]
  await sealedHandOver(service.db, { pharmacy: place.finess, professional: old.id, daysAgo: 800 })
  const body = dispensationBody(old.id, 1)
  must(200, await service.call('POST', '/v1/dispensation-checks', { token: place.token, body }))
  must(409, await world.dispense(place, old.id, 50))
  await tamper(
    service,
    `update accesses set at = at - interval '90 days'`,
    `update refusals set at = at - interval '500 days'`,
    `update persons set updated_at = updated_at - interval '400 days'
     where id = (select person_id from person_identifiers where identifier = '${gone.id}')`,
  )
  const env = {
    ...(await handOver(service)),
    LEDGER_RETENTION_DAYS: '700',
    NAME_RETENTION_DAYS: '365',
    ACCESS_RETENTION_DAYS: '60',
    REFUSAL_RETENTION_DAYS: '400',
  }
  const retention = (args: string[] = [], more = {}) => gomask(['retention', ...args], { ...env, ...more })
  const one = 'histories 1\nnames 1\naccesses 1\nrefusals 1\nreservations 0\nevents 0\n'

  await t.test('refuses a period that is none, in one line', async (t) => {
    for (const [name, days] of [
      ['ACCESS_RETENTION_DAYS', '29'],
      ['REFUSAL_RETENTION_DAYS', '364'],
      ['NAME_RETENTION_DAYS', '0'],
    ] as const) {
      t.match(await retention([], { [name]: days }), {
        code: 1,
        stdout: '',
        stderr: new RegExp(`^gomask: ${name}: .*\n$`),
      })
    }
  })
  await t.test('--dry-run prints what would go', async (t) => {
    t.match(await retention(['--dry-run']), { code: 0, stdout: one, stderr: '' })
  })
  await t.test('--dry-run counts for as long as it takes', async (t) => {
    await tamper(
      service,
      'alter table accesses rename to kept',
      `create view accesses as select * from kept where current_setting('statement_timeout') = '0'`,
      'grant select on accesses to gomask_app',
    )
    t.match(await retention(['--dry-run']), { code: 0, stdout: one })
    await tamper(service, 'drop view accesses', 'alter table kept rename to accesses')
  })
  await t.test('prints what went, as it was all there still, and the next time that nothing is left', async (t) => {
    t.match(await retention(), { code: 0, stdout: one, stderr: '' })
    t.match(await retention(), { code: 0, stdout: one.replaceAll('1', '0') })
  })
})
