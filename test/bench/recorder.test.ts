import t from 'tap'
import { rows, send } from '../../src/db/query.ts'
import { openServer } from '../../src/db/server.ts'
import { sql } from '../../src/db/sql.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { makeDatabase, onServerOnly } from '../support/database.ts'
import { startRecorder, type Work } from './bare/recorder.ts'

t.test(
  'what leaves together is one flush, and what the service does beside requests is left out',
  { skip: onServerOnly },
  async (t) => {
    const { url = '', drop } = await makeDatabase()
    const recorder = await startRecorder(url)
    const db = openServer(recorder.url, { connections: 2, onError: () => {} })
    t.teardown(async () => {
      await db.close()
      recorder[Symbol.dispose]()
      await drop()
    })
    const recording = recorder.record()
    await inTransaction(db, async (tx) => {
      await Promise.all([rows(tx, 'one', sql`select ${'é'}::text`), rows(tx, 'two', sql`select 2`)])
      await rows(tx, 'three', sql`select ${null}::text`)
      send(tx, 'four', sql`select 4`)
    })
    await rows(db, 'standing_version', sql`select 5`)
    await db.foreign('select 6')
    await rows(db, 'one', sql`select ${'again'}::text`)
    const works = recording.stop()
    t.same(works.map(namesOf), [[['begin', 'one', 'two'], ['three'], ['four', 'commit']], [['one']]])
    t.same(works[0]?.[0]?.[1], { name: 'one', text: 'select $1::text', parameters: ['é'] })
    t.same(works[0]?.[1]?.[0]?.parameters, [null])
  },
)

function namesOf(work: Work): string[][] {
  return work.map((flush) => flush.map(({ name, text }) => name || text))
}
