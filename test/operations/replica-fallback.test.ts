import type { FastifyReply } from 'fastify'
import t from 'tap'
import type { Database } from '../../src/db/database.ts'
import { rows } from '../../src/db/query.ts'
import { openServer } from '../../src/db/server.ts'
import { sql } from '../../src/db/sql.ts'
import { Rejection } from '../../src/domain/refusals.ts'
import { readAged } from '../../src/http/replica.ts'
import { makeDatabase, onServerOnly, PATIENT } from '../support/database.ts'

t.test('what a standby fails at, the primary is asked, unless it was too heavy', { skip: onServerOnly }, async (t) => {
  const { db, url = '', drop } = await makeDatabase(2)
  t.teardown(drop)
  const standby = openServer(url, { connections: 2, timeouts: { ...PATIENT, statementMs: 50 }, onError: () => {} })
  t.teardown(() => standby.close())
  const replica = { db: standby, age: () => 1, close: async () => {} }
  /** Who was asked when the standby failed in some way, and what came of it. */
  const askedFor = async (fails: (from: Database) => Promise<unknown>) => {
    const asked: string[] = []
    const reply = { header: () => {}, removeHeader: () => {} } as unknown as FastifyReply
    const read = async (from: Database) => {
      asked.push(from === standby ? 'standby' : 'primary')
      if (from === standby) await fails(from)
    }
    await readAged({ db, replica }, reply, read).catch(() => asked.push('failed'))
    return asked
  }
  const raises = (state: string) => (from: Database) =>
    from.foreign(`do $$ begin raise exception 'as PostgreSQL would' using errcode = '${state}'; end $$`)

  t.same(await askedFor((from) => rows(from, 'long', sql`select pg_sleep(600)::text`)), ['standby', 'failed'], 'time')
  for (const [state, what] of [
    ['53100', 'a disk full of what it sorts'],
    ['53200', 'memory'],
    ['53400', 'a limit on temporary files'],
  ] as const) {
    t.same(await askedFor(raises(state)), ['standby', 'failed'], what)
  }
  for (const [state, what] of [
    ['40001', 'a conflict with what it replays'],
    ['55P03', 'a lock that it replays'],
    ['57P01', 'its shutdown'],
    ['53300', 'its connections'],
  ] as const) {
    t.same(await askedFor(raises(state)), ['standby', 'primary'], what)
  }
  const lacks = async () => {
    throw new Rejection('not_found', { en: 'It has not come yet.', fr: 'Pas encore.' })
  }
  t.same(await askedFor(lacks), ['standby', 'primary'], 'a row that it does not have yet')
})
