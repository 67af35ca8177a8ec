import t from 'tap'
import { sql } from '../../src/db/sql.ts'
import { onServerOnly } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { adeli, rpps } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { CENTRE, makeWorld, must } from '../support/world.ts'

// One for both: what is new in each connection takes longer than the calls.
const service = await startService(t, {}, { connections: 8 })

t.test(
  'persons merged from both sides at once, while both are served, end as one with one open chain',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 1000)
    const place = await world.pharmacy(1)
    must(201, await world.count(place, 100_000))
    const put = (id: string, otherIds: string[]) =>
      service.call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...someone, otherIds } })
    const people = range(12)
    for (const n of people) {
      for (const id of [adeli(n), rpps(n)]) {
        must(201, await put(id, []))
        must(201, await world.dispense(place, id, 1))
      }
    }
    const work = people.flatMap((n) => [
      () => put(rpps(n), [adeli(n)]),
      () => put(adeli(n), [rpps(n)]),
      ...range(6).map((m) => () => world.dispense(place, m % 2 ? adeli(n) : rpps(n), 1)),
    ])
    t.same(tally(await atOnce(work, (call) => call())), { 200: 24, 201: 72 })

    const people24 = sql`select known.id, coalesce(known.merged_into, known.id) as root, i.identifier
      from person_identifiers i join persons known on known.id = i.person_id`
    const [roots, afterLink, links] = await Promise.all([
      count(sql`select count(distinct root) as found from (${people24}) as p`),
      count(sql`select count(*) as found from ledger_entries e join (${people24}) as p on p.id = e.person_id and p.id <> p.root
        join ledger_entries l on l.person_id = e.person_id and l.kind = 'link' and l.seq < e.seq`),
      count(sql`select count(*) as found from ledger_entries where kind = 'link'`),
    ])
    t.equal(roots, 12, 'both numbers name one person')
    t.equal(afterLink, 0, 'nothing is written to a chain after the link that ends it')
    t.equal(links, 24, 'each chain is linked once')
    await invariantsHold(t, service.db)
  },
)

t.test('a professional put in by several at once becomes one person', { skip: onServerOnly }, async (t) => {
  const admin = await service.token({ role: 'admin', subject: 'admin' })
  const numbers = range(6).map((n) => (n % 2 ? adeli(100 + n) : rpps(100 + n)))
  const before = await count(sql`select count(*) as found from persons`)
  const answers = await atOnce(numbers, (id) => {
    const body = { ...someone, otherIds: numbers.filter((other) => other !== id) }
    return service.call('PUT', `/v1/professionals/${id}`, { token: admin, body })
  })
  t.same(tally(answers), { 200: 5, 201: 1 })
  t.equal((await count(sql`select count(*) as found from persons`)) - before, 1)
})

async function count(query: ReturnType<typeof sql>): Promise<number> {
  const { rows } = (await service.db.execute(query)) as unknown as { rows: { found: string }[] }
  return Number(rows[0]?.found)
}

const someone = {
  profession: '60',
  familyName: 'Martin',
  givenName: 'Camille',
  practice: { ...CENTRE, territory: 'FR-31' },
  status: 'active',
}
