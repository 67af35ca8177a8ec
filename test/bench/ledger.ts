import { makeBenchDatabase } from './bench-database.ts'
import { authorisation } from './cases/authorisation.ts'
import { bundles } from './cases/bundles.ts'
import { dispensingWithAndWithoutLog } from './cases/dispensing.ts'
import { exports } from './cases/exports.ts'
import { growth } from './cases/growth.ts'
import { proofs } from './cases/proofs.ts'
import { forgetLog, loadSet, prepare } from './set/load.ts'

/** Figures by what they say. */
export type Figures = Record<string, number | string>

/**
 * Cases with figures of their own kind, each over an empty database of its own: what the ledger costs, and how it
 * grows.
 */
export const figureCases: Record<
  string,
  (url: string, asked: { entries: number; seconds: number }) => Promise<Figures>
> = {
  authorisation: (url) => authorisation(url),
  dispensing: (url, { seconds }) => dispensingWithAndWithoutLog(url, seconds),
  async ledger(url, { entries }) {
    await loadSet(url, { pharmacies: 2_000, persons: Math.ceil(entries / 10), entries })
    await forgetLog(url)
    return { ...(await growth(url)), ...(await proofs(url, entries)), ...(await exports(url)), ...(await bundles(url)) }
  },
}

/** Runs one of these cases, and prints what it found. */
export async function runFigureCase(name: string, asked: { entries: number; seconds: number }): Promise<Figures> {
  const { url, drop } = await makeBenchDatabase()
  try {
    await prepare(url)
    const found = (await figureCases[name]?.(url, asked)) ?? {}
    for (const [what, figure] of Object.entries(found)) console.log(`${what.padEnd(60)} ${figure}`)
    return found
  } finally {
    await drop()
  }
}
