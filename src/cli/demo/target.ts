import { openServerOwner } from '../../db/server-owner.ts'
import { CommandError } from '../errors.ts'

/**
 * Makes sure that the database of DATABASE_URL has no pharmacies or professionals yet, and changes nothing. Throws a
 * CommandError if it has, or can't be reached.
 */
export async function requireUnused(url: string): Promise<void> {
  const { host, pathname } = new URL(url)
  const owner = await openServerOwner(url).catch((error: Error & { code?: string }) => {
    throw new CommandError(
      `the database of DATABASE_URL (${host}${pathname}) can't be opened: ${error.code ?? error.message}`,
    )
  })
  try {
    for (const table of ['pharmacies', 'persons']) {
      const [found] = await owner.rows('select to_regclass($1) is not null as exists', [table])
      const used = found?.exists ? await owner.rows(`select from ${table} limit 1`) : []
      if (used.length > 0) {
        throw new CommandError(
          `the database of DATABASE_URL (${host}${pathname}) is in use: the demo takes an empty one, or with DATABASE_URL left out its own`,
        )
      }
    }
  } finally {
    await owner.close()
  }
}
