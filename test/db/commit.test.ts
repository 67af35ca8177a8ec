import t from 'tap'
import { oneRow } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { makeDatabase } from '../support/database.ts'

const { db, drop } = await makeDatabase(2)
t.teardown(drop)

const count = async () =>
  (await oneRow<{ n: number }>(db, 'count_products', sql`select count(*)::int as n from products`)).n
const insert = (code: string) =>
  sql`insert into products (code, name, kind, active) values (${code}, ${code}, 'mask', true)`

t.test('a transaction is not acknowledged when a statement of it failed and nobody looked', async (t) => {
  const work = db.attempt(async (tx) => {
    await tx.execute(insert('swallowed'))
    await tx.execute(sql`select 1 / ${0}::int`).catch(() => {})
    return 'done'
  })
  await t.rejects(work)
  t.equal(await count(), 0)
})

t.test('the next transaction of the same connections commits', async (t) => {
  t.equal(await db.attempt((tx) => tx.execute(insert('kept')).then(() => 'done')), 'done')
  t.equal(await count(), 1)
})
