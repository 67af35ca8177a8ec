import t from 'tap'
import { gomask } from '../support/command.ts'
import { onServerOnly } from '../support/database.ts'
import { chainOf, order, underRule } from '../support/erasure.ts'
import { rpps } from '../support/numbers.ts'
import { asOwner } from '../support/records.ts'
import { startService } from '../support/service.ts'
import { tablesNaming } from '../support/traces.ts'
import { makeWorld, must } from '../support/world.ts'

t.test(
  'gomask erase-professional',
  // The embedded database is one process's, here the test's own.
  { skip: onServerOnly },
  async (t) => {
    const service = await startService(t)
    const world = await makeWorld(service, null)
    const place = await world.pharmacy(1)
    must(201, await world.count(place, 100))
    const nurse = await world.professional(1)
    const given = await underRule(service, world, async () => must(201, await world.dispense(place, nurse.id, 4)).body)
    const erase = (id: string, env: Record<string, string> = {}, more: string[] = []) =>
      gomask(['erase-professional', id, '--authority', order.authority, '--reason', order.reason, ...more], {
        DATABASE_URL: service.url ?? '',
        ...env,
      })
    const silent = (finished: object) => t.notMatch(JSON.stringify(finished), nurse.id.slice(0, 9))

    await t.test('exits 1 with one line while retention runs, and does nothing', async () => {
      const refused = await erase(nurse.id)
      t.match(refused, {
        code: 1,
        stdout: '',
        stderr:
          /^gomask: An entry of this professional must be kept.* until \d+ [A-Z][a-z]+ \d{4} at \d\d:\d\d UTC\.\n$/,
      })
      silent(refused)
      t.equal((await chainOf(service, given.id)).length, 1)
    })

    await t.test('exits 1 for nobody and for what is no number, 2 without an authority', async (t) => {
      const nobody = await erase(rpps(999))
      t.match(nobody, { code: 1, stderr: 'gomask: The directory does not know this professional.\n' })
      const wrong = await erase('99700000000')
      t.match(wrong, { code: 1, stderr: 'gomask: ID: not an RPPS or ADELI number\n' })
      const long = await erase(nurse.id, {}, ['--reason', 'x'.repeat(141)])
      t.match(long, { code: 1, stderr: /^gomask: --reason: .*140.*\n$/ })
      t.equal((await gomask(['erase-professional', nurse.id])).code, 2)
      t.match(await erase(nurse.id, { LEDGER_RETENTION_DAYS: '-1' }), { code: 1, stderr: /LEDGER_RETENTION_DAYS/ })
    })

    await t.test('exits 1 when the database fails, and says nothing of the number', async (t) => {
      await asOwner(service.db, 'revoke delete on person_identifiers from gomask_app')
      const failed = await erase(nurse.id, { LEDGER_RETENTION_DAYS: '0' })
      await asOwner(service.db, 'grant delete on person_identifiers to gomask_app')
      t.match(failed, { code: 1, stdout: '', stderr: /^gomask: the database failed \(42501\); [^\n]*\n$/ })
      silent(failed)
      t.equal((await chainOf(service, given.id)).length, 1)
    })

    await t.test('erases, prints what was erased, and the check finds nothing', async (t) => {
      const erased = await erase(`8 ${nurse.id}`, { LEDGER_RETENTION_DAYS: '0', LOG_LEVEL: 'trace' })
      t.match(erased, { code: 0, stdout: 'records 1\nnumbers 1\nentries 1\nanswers 0\nreservations 0\n', stderr: '' })
      silent(erased)
      t.same(await tablesNaming(service.db, [nurse.id]), [])
      t.same(
        (await chainOf(service, given.id)).map(({ payload }) => payload && JSON.parse(payload)),
        [null, order],
      )
      t.match(await gomask(['check'], { DATABASE_URL: service.url ?? '' }), { code: 0 })
    })
  },
)
