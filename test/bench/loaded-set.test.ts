import t from 'tap'
import { openServer } from '../../src/db/server.ts'
import { adoptHistory } from '../../src/jobs/ledger/adopt.ts'
import { exportBundle, linesOf, verify } from '../support/bundle.ts'
import { makeServerDatabase, serverUrl } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { makeSigner, publishLog } from '../support/log.ts'
import { loadSet, prepare } from './set/load.ts'

const skip = serverUrl ? false : 'a set is loaded on a server'
const RECORDS = 3 // The rule, and that rules and links are adopted.
const SIZE = { pharmacies: 100, persons: 200, entries: 3_000 }

t.test('a set that was loaded is as if it had been worked for', { skip }, async (t) => {
  const { url, drop } = await makeServerDatabase(serverUrl ?? '')
  t.teardown(drop)
  await prepare(url)
  await loadSet(url, SIZE)
  const db = openServer(url, { connections: 2, onError: () => {} })
  t.teardown(() => db.close())

  // Its shelves begin with the count that follows all its hand-overs, which would only double its size.
  await t.test('stock, holds, caps and totals agree with its ledger', (t) =>
    invariantsHold(t, db, { leftOut: ['check_i2_entries'] }),
  )

  await t.test('its log verifies, entry by entry', async (t) => {
    await adoptHistory(db)
    await publishLog(db, makeSigner())
    const bundle = await exportBundle({ db })
    const size = SIZE.entries + RECORDS
    t.match(verify(bundle), { newest: { size }, records: RECORDS, unproved: 0 })
    t.equal(linesOf(bundle).entries.length, size)
  })
})
