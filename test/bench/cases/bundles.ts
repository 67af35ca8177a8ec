import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secondsOf } from '../measure.ts'

/** The whole log out of the database as a bundle, and its verification with no database. */
export async function bundles(url: string): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'gomask-bench-'))
  const bundle = join(folder, 'ledger.ndjson')
  const exporting = await secondsOf(['export-ledger', bundle], { DATABASE_URL: url, DATA_DIR: folder })
  const { size } = await stat(bundle)
  const verifying = await secondsOf(['verify-ledger', bundle], {})
  await rm(folder, { recursive: true })
  return {
    'export-ledger of the whole log, s': Math.round(exporting * 10) / 10,
    'size of the bundle, MB': Math.round(size / 1e6),
    'verify-ledger of it, s': Math.round(verifying * 10) / 10,
  }
}
