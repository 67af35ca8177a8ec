import pg from 'pg'
import t from 'tap'
import { logEvents } from '../../src/store/event-log.ts'
import { makeDatabase, onServerOnly } from '../support/database.ts'
import { followEvents } from '../support/event-stream.ts'
import { makeFolder, makeServer, type Server } from '../support/process.ts'
import { chanceFor } from '../support/seed.ts'
import { type Answer, startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { atOnce, range } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { makeWorld, must } from '../support/world.ts'

/** FOLLOWED=160 plays the size that was asked for. */
const HAND_OVERS = Number(process.env.FOLLOWED ?? 80)

type Event = { id: string; type: string; data: Record<string, unknown> }

t.test('events that are committed late are told late, and not lost', { skip: onServerOnly }, async (t) => {
  const service = await startService(t, {}, { connections: 4 })
  const { db, url = '', call } = service
  const watcher = await service.token({ role: 'regulator', subject: 'ars', territories: ['FR'] })
  const read = async (after: string) =>
    must(200, await call('GET', `/v1/events?limit=100&after=${after}`, { token: watcher })).body
  const write = (client: pg.Client, product: string) =>
    client.query(`insert into events (type, subject, ids) values ('rule.published', '${product}', '{}')`)
  const open = async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    t.teardown(() => client.end())
    await client.query('begin')
    return client
  }
  const names = (events: Event[]) => events.map(({ data }) => data.id)

  await t.test('whose numbers were drawn first, by a transaction that is still open', async (t) => {
    const [early, late] = [await open(), await open()]
    await write(early, 'a')
    await write(late, 'b')
    await late.query('commit')
    const first = await read('0')
    t.same(names(first.items), ['b'])
    // Passes that find nothing must not take the early one for settled.
    for (let n = 0; n < 3; n++) {
      const other = await open()
      await write(other, `between ${n}`)
      await other.query('commit')
      await logEvents(db)
    }
    await early.query('commit')
    t.same(names((await read(first.nextCursor)).items), ['between 0', 'between 1', 'between 2', 'a'])
  })

  await t.test('of two that waited for each other, the one that came first is told first', async (t) => {
    const { nextCursor } = await read('latest')
    const [waits, goes, blocks] = [await open(), await open(), await open()]
    const lock = `select pg_advisory_xact_lock(1)`
    // The one that comes later has the older transaction; a third, between them, stays open.
    for (const each of [waits, blocks, goes]) await each.query('select pg_current_xact_id()')
    await goes.query(lock)
    const waited = waits.query(lock)
    await write(goes, 'first')
    await goes.query('commit')
    await waited
    await write(waits, 'second')
    await waits.query('commit')
    t.same(names((await read(nextCursor)).items), ['first', 'second'])
    await blocks.query('rollback')
  })

  await t.test('after a standby took over that lacked the newest of the log, none is skipped', async (t) => {
    const [a, b] = [await open(), await open()]
    await write(a, 'seen late')
    await write(b, 'seen')
    await b.query('commit')
    const before = await read('latest')
    await a.query('commit')
    // What it read is unknown there: the log and its state are as they were before, and the history is another.
    const seen = (await read(before.nextCursor)).items as Event[]
    t.same(names(seen), ['seen late'])
    const [state] = (await db.foreign(`select last::text, history from event_log_state`)).rows as { last: string }[]
    await tamper(
      service,
      `with back as (delete from event_log where data ->> 'id' like 'seen%' returning *)
       insert into events (type, subject, ids, at, event_id) overriding system value
       select type, data ->> 'id', '{}', at, id from back order by data ->> 'id'`,
      `update event_log_state set last = (select max(place) from event_log), history = 'another server'`,
    )
    t.ok(Number(state?.last) > 0)
    const after = async (cursor: string) => names((await read(cursor)).items)
    t.same(await after(before.nextCursor), ['seen', 'seen late'], 'from a place in the lost log')
    t.same(await after(seen[0]?.id ?? ''), ['seen', 'seen late'], 'from an event that was read there')
    const lost = '01900000-0000-7000-8000-000000000000'
    t.match((await after(lost)).slice(-2), ['seen', 'seen late'], 'from an event that is there no more')
    const again = (await read(before.nextCursor)).items as Event[]
    t.equal(again.find(({ data }) => data.id === 'seen late')?.id, seen[0]?.id, 'by the same id')
  })
})

t.test('followers of two servers, one of them killed', { skip: onServerOnly }, async (t) => {
  const { url, drop } = await makeDatabase(2)
  t.teardown(drop)
  const folder = await makeFolder(t)
  const servers = [0, 1].map(() => makeServer(t, { DATABASE_URL: url ?? '', DATABASE_POOL: '5' }, folder)) as [
    Server,
    Server,
  ]
  for (const server of servers) await server.start()
  const world = await makeWorld(servers[0], 1_000_000)
  const places = await Promise.all(range(4).map((n) => world.pharmacy(n + 1)))
  for (const place of places) must(201, await world.count(place, 1_000))
  const nurses = await Promise.all(range(8).map((n) => world.professional(n + 1)))
  const chance = chanceFor('followers')

  /** Follows to the end, from one server or the other, and leaves now and then. */
  const followed = places.map(() => [] as Event[])
  let isOver = false
  const following = places.map(async (place, nth) => {
    const own = followed[nth] ?? []
    while (!isOver) {
      const options = { query: `?pharmacy=${place.finess}`, last: own.at(-1)?.id }
      const stream = await followEvents(chance.pick(servers).url(), place.token, options).catch(() => undefined)
      if (stream?.status !== 200) continue
      const enough = chance.pick([1, 3, 10, 20])
      let hasEnded = false
      stream.ended.then(() => {
        hasEnded = true
      })
      let taken = 0
      await until('the test is not over', () => {
        for (; taken < Math.min(stream.told.length, enough); taken++) own.push(stream.told[taken]?.data)
        return isOver || hasEnded || taken === enough
      })
      stream.leave()
      await stream.ended
    }
  })

  let killed: Promise<void> | undefined
  const answers = await atOnce(range(HAND_OVERS), async (n): Promise<Answer | undefined> => {
    const nurse = nurses[n % nurses.length]
    const place = places[n % places.length]
    if (!nurse || !place) return undefined
    if (n === HAND_OVERS / 2) {
      servers[1].signal('SIGKILL')
      killed = servers[1].ended().then(() => servers[1].start())
    }
    return world.dispense(place, nurse.id, 1).catch(() => undefined)
  })
  await killed
  for (const answer of answers) if (answer) must(201, answer)
  const all = new Map<string, Event[]>()
  for (const place of places) {
    const own: Event[] = []
    for (let after = '0'; ; ) {
      const path = `/v1/events?limit=100&pharmacy=${place.finess}&after=${after}`
      const page = must(200, await servers[1].call('GET', path, { token: place.token })).body
      own.push(...page.items)
      if (page.items.length === 0) break
      after = page.nextCursor
    }
    all.set(place.finess, own)
  }
  await until('not all has been told', () =>
    places.every(({ finess }, nth) => (followed[nth] ?? []).at(-1)?.id === all.get(finess)?.at(-1)?.id),
  )
  isOver = true
  await Promise.all(following)

  const recorded = [...all.values()].flat().filter(({ type }) => type === 'dispensation.recorded')
  t.equal(recorded.length, answers.filter((answer) => answer !== undefined).length)
  for (const [nth, { finess }] of places.entries()) {
    t.same(
      (followed[nth] ?? []).map(({ id }) => id),
      all.get(finess)?.map(({ id }) => id),
      `${finess}: each once, in order`,
    )
  }
})
