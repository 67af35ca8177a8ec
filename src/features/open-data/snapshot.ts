import { setImmediate as breathe } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Queryable } from '../../db/database.ts'
import { type KnownAddress, knownAddress } from '../../domain/address-words.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Deps } from '../../http/service.ts'
import { type FileType, type OpenFile, writeFiles } from './files.ts'
import { type OpenPharmacy, readMoment, readOpenPage } from './queries.ts'

const PAGE = 1_000

/** A pharmacy that can be found by its address. */
type FindablePharmacy = OpenPharmacy & { known: KnownAddress }

// From one reading to the next hardly any address changes.
const addresses = new LRUCache<string, KnownAddress>({ max: 50_000 })

/** What everybody may know, as it was at one time; kept in memory. */
export interface Snapshot {
  at: Instant
  createdAt: string
  /** Seconds since then. */
  age(): number
  pharmacies: FindablePharmacy[]
  files: Record<FileType, OpenFile>
}

/**
 * Keeps the newest snapshot. One that is older than `seconds` is read anew when somebody asks, once for all who ask
 * meanwhile: they get the one that there is, unless it is twice as old. So nobody's question costs the database
 * anything, and together they cost it one reading in so many seconds and process.
 */
export function keepSnapshot(deps: Pick<Deps, 'db' | 'replica'>, seconds: number): () => Promise<Snapshot> {
  let newest: Snapshot | undefined
  let underWay: Promise<Snapshot> | undefined
  const renew = async () => {
    try {
      newest = await takeSnapshot(deps)
      return newest
    } finally {
      underWay = undefined
    }
  }
  return async () => {
    if (newest && newest.age() < seconds) return newest
    underWay ??= renew()
    if (!newest || newest.age() >= 2 * seconds) return underWay
    underWay.catch(() => {}) // Told to whoever asks once the present one is too old.
    return newest
  }
}

async function takeSnapshot({ db, replica }: Pick<Deps, 'db' | 'replica'>): Promise<Snapshot> {
  const behindSeconds = replica?.age()
  const { audits } = replica && behindSeconds !== undefined ? replica.db : db
  const began = performance.now() - (behindSeconds ?? 0) * 1000
  const { at, createdAt, products } = await readMoment(audits)
  const pages = await readPages(audits)
  return {
    at: at - Math.round((behindSeconds ?? 0) * 1000),
    createdAt,
    age: () => (performance.now() - began) / 1000,
    pharmacies: pages.flat(),
    files: await writeFiles(pages, products),
  }
}

async function readPages(db: Queryable): Promise<FindablePharmacy[][]> {
  const pages: FindablePharmacy[][] = []
  for (let after = ''; ; ) {
    const page = await readOpenPage(db, after, PAGE)
    const last = page.at(-1)
    if (last) pages.push(page.map(findable))
    if (!last || page.length < PAGE) return pages
    after = last.finess
    await breathe() // Others are served between two pages.
  }
}

function findable(pharmacy: OpenPharmacy): FindablePharmacy {
  const { address, department } = pharmacy
  const key = `${department.code} ${address}`
  const known = addresses.get(key) ?? knownAddress(address, department)
  addresses.set(key, known)
  return { ...pharmacy, known }
}
