import { readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import { makeDatabase } from '../support/database.ts'
import { describeSchema } from './schema-description.ts'

const file = new URL('schema.txt', import.meta.url)

t.test('the migrations make the schema that is written down, and nothing else', async (t) => {
  const { db, drop } = await makeDatabase()
  t.teardown(drop)
  const described = await describeSchema(db)
  // tap's own snapshots would keep a file a test; this one is read by people too.
  if (t.writeSnapshot) await writeFile(file, described)
  const written = await readFile(file, 'utf8').catch(() => '')
  t.same(
    described.split('\n'),
    written.split('\n'),
    'if the change is meant: TAP_SNAPSHOT=1 npm test -- test/db/schema.test.ts, and commit test/db/schema.txt',
  )
})
