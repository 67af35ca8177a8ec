import t from 'tap'
import { oneRow } from '../../src/db/query.ts'
import { sql, texts } from '../../src/db/sql.ts'
import { raiseDoubts } from '../../src/store/identity-doubts.ts'
import { onServerOnly } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { adeli, rpps } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { CENTRE, makeWorld, must } from '../support/world.ts'

const someone = {
  profession: '60',
  familyName: 'Martin',
  givenName: 'Camille',
  practice: { ...CENTRE, territory: 'FR-31' },
  status: 'active',
}

t.test('one person under two numbers at two counters', { skip: onServerOnly }, async (t) => {
  const service = await startService(t)
  const world = await makeWorld(service, 10)
  const places = [await world.pharmacy(1), await world.pharmacy(2)] as const
  for (const place of places) must(201, await world.count(place, 1_000))
  const put = (id: string, otherIds: string[] = []) =>
    service.call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...someone, otherIds } })
  const pair = async (n: number) => {
    const numbers = [adeli(n), rpps(n)] as const
    for (const id of numbers) must(201, await put(id))
    return numbers
  }
  const received = async (id: string) =>
    must(200, await service.call('GET', `/v1/professionals/${id}/entitlements`, { token: world.regulator })).body
      .items[0].received
  /** Before, each number has a share of its own. */
  const handedOverBeforeDoubt = async (numbers: readonly string[]) => {
    const { found } = await oneRow<{ found: number }>(
      service.db,
      'handed_over_before_doubt',
      sql`select count(*)::int as found from identity_doubts d join ledger_entries e on e.person_id in (d.one_id, d.other_id)
          where d.one_id in (select person_id from person_identifiers where identifier = any (${texts(numbers)}))
            and e.recorded_at <= d.opened_at`,
    )
    return found
  }
  /** Sixteen callers, one mask each, every other one for the other number at the other counter. */
  const sixteen = (numbers: readonly [string, string]) =>
    range(16).map((n) => () => world.dispense(places[n % 2 ? 1 : 0], numbers[n % 2 ? 1 : 0], 1))

  await t.test('in doubt, sixteen callers never take more than one share', async (t) => {
    for (const n of range(3)) {
      const numbers = await pair(n)
      await raiseDoubts(service.db, numbers, 'issuer')
      t.same(tally(await atOnce(sixteen(numbers), (call) => call())), { 201: 10, '409 entitlement_exceeded': 6 })
    }
  })

  await t.test('once the doubt is there, what all have received is within one share', async (t) => {
    for (const n of range(6)) {
      const numbers = await pair(10 + n)
      const raised: number[] = []
      const raise = async () => void raised.push(await raiseDoubts(service.db, numbers, 'issuer'))
      const codes = new Set<string>()
      const served = sixteen(numbers).map((call) => async () => void codes.add((await call()).body.code ?? '201'))
      await atOnce(served.toSpliced(3 * n, 0, raise, raise), (call) => call())
      t.ok(codes.isSubsetOf(new Set(['201', 'entitlement_exceeded'])), [...codes].join())
      t.same(raised.sort(), [0, 1], 'raised once, however many say so')
      const both = await received(numbers[0])
      t.equal(await received(numbers[1]), both)
      const before = await handedOverBeforeDoubt(numbers)
      t.ok(both <= Math.max(10, before), `${both} of a share of 10, ${before} of them before there was a doubt`)
    }
  })

  await t.test('decided and merged meanwhile, nobody is served above a share of what then counts', async (t) => {
    const numbers = await pair(20)
    const [third] = await pair(21)
    await raiseDoubts(service.db, [...numbers, third], 'issuer')
    const { items } = (await service.call('GET', '/v1/identity-doubts', { token: world.admin })).body
    const [distinct] = items.filter(({ persons }: { persons: { numbers: string[] }[] }) =>
      persons.every((person) => !person.numbers.includes(numbers[0])),
    )
    const decide = () =>
      service.call('POST', `/v1/identity-doubts/${distinct.id}/decision`, {
        token: world.admin,
        body: { decision: 'distinct', reason: 'asked them' },
      })
    const merge = () => put(numbers[1], [numbers[0]])
    const work = [...sixteen(numbers), decide, merge, ...range(4).map(() => () => world.dispense(places[0], third, 1))]
    const answers = await atOnce(work, (call) => call())
    t.same(new Set(answers.flatMap(({ body }) => body.code ?? [])), new Set(['entitlement_exceeded']))
    t.ok((await received(numbers[0])) <= 10)
  })
  await invariantsHold(t, service.db)
})
