import t, { type Test } from 'tap'
import { oneRow } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { makeDatabase, serverUrl } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { seededUuid } from '../support/seed.ts'
import {
  asksToCommit,
  type Message,
  NOTHING,
  notice,
  saysCommitted,
  startProxy,
  type Tampering,
} from '../support/tcp-proxy.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = serverUrl ? false : 'no network lies between the service and its embedded database'
const pass = ({ bytes }: Message) => bytes

t.test('the instant of the commit', { skip }, async (t) => {
  const { db, server, proxy, commit, world } = await setUp(t)
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 100))
  const dispense = (id: string, key: string) =>
    server.call('POST', '/v1/dispensations', { token: place.token, key, body: dispensationBody(id, 4) })
  const effects = (id: string) =>
    oneRow(
      db,
      'effects',
      sql`select (select count(*)::int from ledger_payloads where professional = ${id}) as entries,
            (select count(*)::int from stock_movements m join ledger_payloads p using (entry_id)
              where p.professional = ${id}) as movements`,
    )
  /** Resolves when a dispensation has come to this point of its commit, beyond which the network takes nothing. */
  const cutAt = (point: 'asked' | 'confirmed') => {
    const { promise, resolve } = Promise.withResolvers<void>()
    commit[point] = () => {
      resolve()
      return NOTHING
    }
    return promise
  }
  /**
   * Kills the server as soon as the network is cut, starts it again on the same database, and answers what was there.
   */
  const kill = async (t: Test, id: string, key: string, cut: Promise<void>) => {
    const unanswered = t.rejects(dispense(id, key), 'the caller is left without an answer')
    await cut
    server.signal('SIGKILL')
    t.match(await server.ended(), { signal: 'SIGKILL' })
    await unanswered
    Object.assign(commit, { asked: pass, confirmed: pass })
    const left = await effects(id)
    await server.start()
    return left
  }

  await t.test('killed after it and before the answer: the retry is replayed', async (t) => {
    const [{ id }, key] = [await world.professional(1), seededUuid()]
    t.same(await kill(t, id, key, cutAt('confirmed')), { entries: 1, movements: 1 }, 'the effect is there')
    const again = await dispense(id, key)
    t.match(again, { status: 201, headers: { 'idempotency-replayed': 'true' }, body: { professional: id } })
    t.same(await effects(id), { entries: 1, movements: 1 }, 'and there once')
  })

  await t.test('killed before it: nothing is done, and the retry works', async (t) => {
    const [{ id }, key] = [await world.professional(2), seededUuid()]
    t.same(await kill(t, id, key, cutAt('asked')), { entries: 0, movements: 0 }, 'nothing is there')
    const again = await dispense(id, key)
    t.equal(again.status, 201)
    t.notOk(again.headers['idempotency-replayed'], 'it is done now, not replayed')
    t.same(await effects(id), { entries: 1, movements: 1 })
  })

  await t.test(
    'the database’s confirmation lost: the outcome is unknown until the same key is sent again',
    async (t) => {
      const [{ id }, key] = [await world.professional(3), seededUuid()]
      commit.confirmed = () => {
        void proxy.refuse()
        return NOTHING
      }
      t.match(await dispense(id, key), {
        status: 503,
        body: { code: 'outcome_unknown' },
        headers: { 'retry-after': /./ },
      })
      commit.confirmed = pass
      await proxy.accept()
      t.match(await dispense(id, key), { status: 201, headers: { 'idempotency-replayed': 'true' } })
      t.same(await effects(id), { entries: 1, movements: 1 })
    },
  )

  for (const [n, severity] of [
    [4, 'WARNING'],
    [5, 'NOTICE'],
  ] as const) {
    await t.test(`a ${severity} with the confirmation: the outcome is unknown, never 2xx`, async (t) => {
      const [{ id }, key] = [await world.professional(n), seededUuid()]
      const text = 'canceling wait for synchronous replication due to user request'
      commit.confirmed = ({ bytes }) => Buffer.concat([notice(severity, text), bytes])
      t.match(await dispense(id, key), {
        status: 503,
        body: { code: 'outcome_unknown' },
        headers: { 'retry-after': /./ },
      })
      commit.confirmed = pass
      t.match(await dispense(id, key), { status: 201, headers: { 'idempotency-replayed': 'true' } })
      t.same(await effects(id), { entries: 1, movements: 1 })
    })
  }

  await invariantsHold(t, db)
})

async function setUp(t: Test) {
  const { db, url = '', drop } = await makeDatabase(2)
  t.teardown(drop)
  const commit = { asked: pass, confirmed: pass }
  const proxy = await startProxy(t, url, () => aroundCommit(commit))
  const server = makeServer(t, { DATABASE_URL: proxy.url }, await makeFolder(t))
  await server.start()
  return { db, server, proxy, commit, world: await makeWorld(server) }
}

/** Lets `commit` have its way with the COMMIT of a dispensation and its answer; after NOTHING, nothing more passes. */
function aroundCommit(commit: Record<'asked' | 'confirmed', typeof pass>): Tampering {
  let dispensing = false
  let cut = false
  const through = (message: Message, replace: typeof pass): Buffer => {
    const going = cut ? NOTHING : replace(message)
    cut ||= going.length === 0
    return going
  }
  return {
    fromClient(message) {
      dispensing ||= message.bytes.includes('append_entry')
      return through(message, dispensing && asksToCommit(message) ? commit.asked : pass)
    },
    fromServer(message) {
      const confirmed = dispensing && saysCommitted(message)
      if (confirmed) dispensing = false
      return through(message, confirmed ? commit.confirmed : pass)
    },
  }
}
