import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import t from 'tap'
import { sql } from '../../src/db/sql.ts'
import { makeDatabase, onEmbeddedOnly } from '../support/database.ts'

t.test(
  'a commit is on disk before it is acknowledged, and a rollback need not be',
  { skip: onEmbeddedOnly },
  async (t) => {
    const { db, drop } = await makeDatabase()
    t.teardown(drop)
    let synced = 0
    const { fsyncSync } = fs
    t.teardown(() => {
      fs.fsyncSync = fsyncSync
      syncBuiltinESMExports()
    })
    fs.fsyncSync = (descriptor) => {
      synced++
      fsyncSync(descriptor)
    }
    syncBuiltinESMExports()
    const insert = (code: string) =>
      sql`insert into products (code, name, kind, active) values (${code}, ${code}, 'mask', true)`

    for (const code of ['a', 'b', 'c']) {
      const before = synced
      await db.attempt((tx) => tx.execute(insert(code)))
      t.ok(synced > before, code)
    }
    const before = synced
    const work = db.attempt(async (tx) => {
      await tx.execute(insert('d'))
      throw new Error('no')
    })
    await t.rejects(work, { message: 'no' })
    t.equal(synced, before)
  },
)
