import { makeBenchDatabase } from './bench-database.ts'
import { bundles } from './cases/bundles.ts'
import { dispensingWithAndWithoutLog } from './cases/dispensing.ts'
import { exports } from './cases/exports.ts'
import { growth } from './cases/growth.ts'
import { proofs } from './cases/proofs.ts'
import { loadSet, prepare } from './set/load.ts'

/** What the ledger costs and how it grows, over so many entries; each phase takes so many seconds. Prints as it goes. */
export async function benchLedger(entries: number, seconds: number): Promise<Record<string, number | string>> {
  const figures: Record<string, number | string> = {}
  const report = (found: Record<string, number | string>) => {
    for (const [name, value] of Object.entries(found)) console.log(`${name.padEnd(60)} ${value}`)
    Object.assign(figures, found)
  }

  await withDatabase(async (url) => report(await dispensingWithAndWithoutLog(url, seconds)))
  await withDatabase(async (url) => {
    await loadSet(url, { pharmacies: 2_000, persons: Math.ceil(entries / 10), entries })
    report(await growth(url))
    report(await proofs(url, entries))
    report(await exports(url))
    report(await bundles(url))
  })
  return figures
}

async function withDatabase(work: (url: string) => Promise<void>): Promise<void> {
  const { url, drop } = await makeBenchDatabase()
  try {
    await prepare(url)
    await work(url)
  } finally {
    await drop()
  }
}
