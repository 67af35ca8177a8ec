import pg from 'pg'
import t from 'tap'
import { copyStatement } from '../../src/db/copy.ts'
import { STREAMING } from '../../src/db/server-copy.ts'
import { connectionWith } from '../../src/db/settings.ts'
import { exportQuery } from '../../src/features/audit/export-entries.ts'
import type { Selection } from '../../src/store/selection.ts'
import { loadSet, prepare } from '../bench/set/load.ts'
import { makeServerDatabase, serverUrl } from '../support/database.ts'

const skip = serverUrl ? false : 'the plans of the embedded database are not those of a server'
const few = { remit: ['FR-31', 'FR-75', 'FR-13'] }
const many = { remit: Array.from({ length: 96 }, (_, nth) => `FR-${String(nth).padStart(2, '0')}`) }
const since = { from: '2026-01-01T00:00:00Z' }
const selections = {
  'of a few territories merges their indexes': [/Merge Append/, few],
  'of some weeks of a few merges their indexes': [/Merge Append/, { ...few, ...since }],
  'of most of the country walks the ledger': [/Index Scan using ledger_entries_in_time/, many],
  'of some weeks of most walks the ledger': [/Index Scan using ledger_entries_in_time/, { ...many, ...since }],
} as const satisfies Record<string, [RegExp, Selection]>

t.test('an export has its first rows at once, and sorts nothing beforehand', { skip }, async (t) => {
  const { url, drop } = await makeServerDatabase(serverUrl ?? '')
  t.teardown(drop)
  await prepare(url)
  await loadSet(url, { pharmacies: 100, persons: 200, entries: 5_000 })
  const client = new pg.Client(connectionWith(url, STREAMING))
  await client.connect()
  t.teardown(() => client.end())
  for (const [title, [way, selection]] of Object.entries(selections)) {
    for (const type of ['text/csv', 'application/x-ndjson'] as const) {
      await t.test(`one ${title}, as ${type}`, async (t) => {
        const [, query = ''] =
          /^copy \((.*)\) to/is.exec(copyStatement(exportQuery(selection, type), 'csv', 'stdout')) ?? []
        const { rows } = await client.query(`explain ${query}`)
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
        t.match(plan, /Incremental Sort/)
        t.match(plan, way)
        t.notMatch(plan, /(^|->\s+)(Sort|Hash|Seq Scan|Gather)\b/m)
      })
    }
  }
})
