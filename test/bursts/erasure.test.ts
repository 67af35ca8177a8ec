import t, { type Test } from 'tap'
import { rows } from '../../src/db/query.ts'
import { type SQL, sql } from '../../src/db/sql.ts'
import { lockHeadsFor } from '../../src/store/ledger.ts'
import { onServerOnly } from '../support/database.ts'
import { order, someone, underRule } from '../support/erasure.ts'
import { invariantsHold } from '../support/invariants.ts'
import { adeli, rpps } from '../support/numbers.ts'
import { type Service, startService } from '../support/service.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { makeWorld, must } from '../support/world.ts'

/** What must never be found, however an erasure and the rest were interleaved. */
const never: Record<string, SQL> = {
  'a payload that names somebody erased': sql`
    select from ledger_payloads l join ledger_entries e on e.id = l.entry_id join persons p on p.id = e.person_id
    where p.erased_at is not null and (l.professional is not null or e.kind <> 'erasure')`,
  'an entry after the erasure': sql`
    select from ledger_entries e join ledger_entries later on later.person_id = e.person_id and later.seq > e.seq
    where e.kind = 'erasure'`,
  'a history of somebody erased that does not say so': sql`
    select from persons p join ledger_heads h on h.person_id = p.id
    where p.erased_at is not null and h.seq > 0
      and not exists (select from ledger_entries where person_id = p.id and kind = 'erasure' and seq = h.seq)`,
  'an entry that does not follow the one before': sql`
    select from ledger_entries e left join ledger_entries before on before.person_id = e.person_id and before.seq = e.seq - 1
    where e.previous_hash is distinct from before.entry_hash`,
  'a number that leads to somebody erased': sql`
    select from person_identifiers i join persons p on p.id = i.person_id where p.erased_at is not null`,
  'a live reservation of somebody erased': sql`
    select from reservations r join persons p on p.id = r.person_id where p.erased_at is not null and r.status = 'held'`,
  'a record left over when the rest of the person was erased': sql`
    select from persons p join persons root on root.id = p.merged_into
    where (p.erased_at is null) <> (root.erased_at is null)`,
  'an answer to a number that nobody has': sql`
    select from idempotency_keys where split_part(scope, chr(10), 2) = 'professional'
      and split_part(scope, chr(10), 3) not in (select identifier from person_identifiers)`,
  'an answer that names somebody erased': sql`
    select from idempotency_keys k join ledger_entries e on e.id::text = k.response ->> 'id' join persons p on p.id = e.person_id
    where p.erased_at is not null and (k.response ->> 'professional' is not null or length(k.request_hash) > 32)`,
}

t.test(
  'of an erasure and a hand-over the one that comes first is whole, and the other refused',
  { skip: onServerOnly },
  async (t) => {
    const { service, world, place, erase } = await setUp(t)
    const waiting = async (n: number) => {
      const [found] = await rows<{ n: number }>(
        service.db,
        'waiting',
        sql`select count(*)::int as n from pg_locks
        where not granted and pid in (select pid from pg_stat_activity where datname = current_database())`,
      )
      return found?.n === n
    }
    for (const [index, order] of ['erasure first', 'hand-over first'].entries()) {
      const { id } = await world.professional(index)
      const [erasure, handOver] = [() => erase(index), () => world.dispense(place, id, 1)]
      const [first, second] = index === 0 ? [erasure, handOver] : [handOver, erasure]
      const answers = await service.db.attempt(async (tx) => {
        await lockHeadsFor(tx, id)
        const one = first()
        await until(`${order}: the first waits`, () => waiting(1))
        const other = second()
        await until(`${order}: the second waits`, () => waiting(2))
        return [one, other]
      })
      const codes = (await Promise.all(answers)).map(({ status, body }) => body.code ?? status)
      t.same(codes, index === 0 ? [200, 'professional_unknown'] : [201, 'retention_running'], order)
    }
    const erased = await rows(service.db, 'erased', sql`select from persons where erased_at is not null`)
    t.ok(erased.length > 0, 'some were erased')
    await neverFound(t, service)
  },
)

t.test(
  'who has a history is reserved for, reversed, cancelled, merged and put in anew while it is erased',
  { skip: onServerOnly },
  async (t) => {
    const { service, world, place, erase } = await setUp(t)
    const { call } = service
    const people = range(12)
    const put = (id: string, otherIds: string[]) =>
      call('PUT', `/v1/professionals/${id}`, { token: world.admin, key: true, body: { ...someone, otherIds } })
    const before = await underRule(
      service,
      world,
      () =>
        atOnce(people, async (n) => {
          const { id, token } = await world.professional(n)
          must(201, await put(adeli(n), []))
          const given = must(
            201,
            await world.dispense(place, id, 1, { lines: [{ product: 'ffp2', quantity: 1 }] }),
          ).body
          must(201, await world.dispense(place, adeli(n), 1, { lines: [{ product: 'ffp2', quantity: 1 }] }))
          const held = must(201, await world.reserve(token, { quantity: 2, pharmacy: place.finess })).body
          return { n, token, given, held }
        }),
      { products: ['ffp2'] },
    )
    const answers = await atOnce(before, ({ n, token, given, held }) => {
      const cancel = () => call('POST', `/v1/reservations/${held.id}/cancellation`, { token, key: true, body: {} })
      const back = { token: place.token, key: true, body: { kind: 'returned' } } as const
      const calls = [
        () => world.reserve(token, { quantity: 3, pharmacy: place.finess }),
        () => erase(n),
        cancel,
        () => call('POST', `/v1/dispensations/${given.id}/reversal`, back),
        () => (n % 2 ? put(rpps(n), [adeli(n)]) : cancel()),
        () => (n % 2 ? put(adeli(n), [rpps(n)]) : cancel()),
        () => world.dispense(place, adeli(n), 1),
        () => erase(n),
      ]
      return atOnce(calls, (each) => each())
    })
    const outcomes = tally(answers.flat())
    t.comment(JSON.stringify(outcomes))
    const foreseen = /^(20[01]|404 not_found|409 (professional_unknown|retention_running|reservation_not_held))$/
    t.same(
      Object.keys(outcomes).filter((outcome) => !foreseen.test(outcome)),
      [],
    )
    const erased = await rows(service.db, 'erased', sql`select from persons where erased_at is not null`)
    t.ok(erased.length > 0, 'some were erased')
    await neverFound(t, service)
  },
)

async function setUp(t: Test) {
  const service = await startService(t, { LEDGER_RETENTION_DAYS: 0 })
  const world = await makeWorld(service, null)
  await world.rule({ cap: 1_000, products: ['surgical'] })
  const place = await world.pharmacy(1)
  for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 100_000, product))
  const erase = (n: number) =>
    service.call('POST', `/v1/professionals/${rpps(n)}/erasure`, { token: world.admin, key: true, body: order })
  return { service, world, place, erase }
}

async function neverFound(t: Test, { db }: Service): Promise<void> {
  for (const [what, query] of Object.entries(never)) {
    t.same(await rows(db, what.slice(0, 63), query), [], what)
  }
  await invariantsHold(t, db)
}
