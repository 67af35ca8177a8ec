import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { openServerOwner } from '../../../src/db/server-owner.ts'
import { onServerOnly, withAllRights } from '../../support/database.ts'
import { startService } from '../../support/service.ts'
import { until } from '../../support/until.ts'
import { makeWorld, must } from '../../support/world.ts'

const ROWS = 15_000 // Of more than 2,000 bytes: what the buffers of two connections do not hold.

t.test('exports over the network', { skip: onServerOnly }, async (t) => {
  const service = await startService(t)
  const { app, db, token } = service
  const owner = await openServerOwner(withAllRights(String(service.url)))
  t.teardown(() => owner.close())
  const world = await makeWorld(service)
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 10))
  must(201, await world.dispense(place, nurse.id, 1))
  await owner.script(
    `insert into ledger_lines select entry_id, n, person_id, product, quantity, effect, counted_at, repeat('x', 2000), rule_id,
      window_start, window_end, time_zone, cap, received, held, beyond_cap
    from ledger_lines, generate_series(1, ${ROWS - 1}) n`,
  )
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo

  // Each caller has one export at a time.
  let callers = 0
  const another = () => token({ role: 'regulator', subject: `ars-${callers++}`, territories: ['FR'] })
  const request = (accept: string, bearer: string): ClientRequest =>
    get({ port, path: '/v1/audit/dispensations', headers: { accept, authorization: `Bearer ${bearer}` } })
  const open = async (accept = 'text/csv', bearer?: string): Promise<[ClientRequest, IncomingMessage]> => {
    const sent = request(accept, bearer ?? (await another()))
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return [sent, response]
  }
  const connections = async (wait = '%'): Promise<number> => {
    const rows = await owner.rows(`select from pg_stat_activity where datname = current_database()
      and application_name = 'gomask export' and coalesce(wait_event, '') like '${wait}'`)
    return rows.length
  }
  const allGone = () => until('the connection was still there', async () => (await connections()) === 0)

  await t.test('a slow reader holds PostgreSQL back, and gets every row in the end', async (t) => {
    const [, response] = await open()
    await until('PostgreSQL did not wait', async () => (await connections('ClientWrite')) === 1)
    let bytes = 0
    let rows = -1 // The header is none.
    for await (const chunk of response) {
      bytes += chunk.length
      for (const byte of chunk) if (byte === 10) rows++
    }
    t.equal(rows, ROWS)
    t.ok(bytes > 30e6, 'the whole did not fit between the two')
    await allGone()
  })

  await t.test('a client that goes away frees the connection at once', async () => {
    const [sent] = await open()
    await until('PostgreSQL did not wait', async () => (await connections('ClientWrite')) === 1)
    sent.destroy()
    await allGone()
  })

  await t.test('503: a third export at a time is refused and not recorded, and has room afterwards', async (t) => {
    const exports = async () => (await db.foreign(`select from accesses where kind = 'audit_export'`)).rows.length
    const greedy = await another()
    const held = [await open('text/csv', greedy), await open('application/x-ndjson')]
    const recorded = await exports()
    const [, second] = await open('text/csv', greedy)
    t.equal(second.statusCode, 429, 'of one caller the second')
    second.resume()
    const [, refused] = await open()
    t.equal(refused.statusCode, 503)
    t.ok(refused.headers['retry-after'])
    refused.resume()
    t.equal(await exports(), recorded)
    for (const [sent] of held) sent.destroy()
    await until('there was no room', async () => {
      const [sent, response] = await open()
      sent.destroy()
      return response.statusCode === 200
    })
    await allGone()
  })

  await t.test('a connection lost half-way breaks the transfer off, so that nobody takes it for whole', async (t) => {
    const [, response] = await open()
    await until('PostgreSQL did not wait', async () => (await connections('ClientWrite')) === 1)
    await owner.rows(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'gomask export' and datname = current_database()`)
    await t.rejects(async () => {
      for await (const _ of response);
    })
  })

  await t.test('a service that stops cuts exports off', async (t) => {
    const [, response] = await open()
    await until('PostgreSQL did not wait', async () => (await connections('ClientWrite')) === 1)
    await app.close()
    await t.rejects(async () => {
      for await (const _ of response);
    })
  })
})
