/**
 * `npm run bench`: what authorisation and the ledger cost, and how the ledger grows. `--only CASE` (all), `--entries N`
 * (1,000,000), `--seconds N` a phase (3), `--json FILE`.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { migrate } from '../../src/db/migrate.ts'
import { openServerOwner } from '../../src/db/server.ts'
import { prepareJobs } from '../../src/jobs/queue.ts'
import { makeBenchDatabase } from './bench-database.ts'
import { authorisation } from './cases/authorisation.ts'
import { bundles } from './cases/bundles.ts'
import { dispensingWithAndWithoutLog } from './cases/dispensing.ts'
import { exports } from './cases/exports.ts'
import { growth } from './cases/growth.ts'
import { proofs } from './cases/proofs.ts'
import { fillLedger } from './fill-ledger.ts'

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
})
const [entries, seconds] = [Number(values.entries), Number(values.seconds)]

const figures: Record<string, number | string> = {}
const report = (found: Record<string, number | string>) => {
  for (const [name, value] of Object.entries(found)) console.log(`${name.padEnd(60)} ${value}`)
  Object.assign(figures, found)
}

const cases: Record<string, (url: string) => Promise<void>> = {
  authorisation: async (url) => report(await authorisation(url)),
  dispensing: async (url) => report(await dispensingWithAndWithoutLog(url, seconds)),
  ledger: ledgerCase,
}
const { only } = values
if (only !== undefined && !(only in cases)) throw new Error(`--only is one of ${Object.keys(cases).join(', ')}`)
for (const [name, run] of Object.entries(cases)) {
  if (only === undefined || only === name) await withDatabase(run)
}
if (values.json !== undefined) await writeFile(values.json, JSON.stringify(figures, null, 2))

async function ledgerCase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // Where the work has failed, the database is dropped under it.
  await client.connect()
  const size = { entries, persons: Math.ceil(entries / 10), pharmacies: 2_000 }
  await fillLedger(client, size, (done) => process.stderr.write(`\rfilled ${done} of ${entries}`))
  await client.end()
  process.stderr.write('\n')
  report(await growth(url))
  report(await proofs(url, entries))
  report(await exports(url))
  report(await bundles(url))
}

async function withDatabase(work: (url: string) => Promise<void>): Promise<void> {
  const { url, drop } = await makeBenchDatabase()
  try {
    const owner = await openServerOwner(url)
    await migrate(owner)
    await prepareJobs(owner)
    await owner.close()
    await work(url)
  } finally {
    await drop()
  }
}
