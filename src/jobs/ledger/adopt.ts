import type { Database } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import { adoptRules } from '../../features/allocation-rules/adopt-rules.ts'
import { adoptLinks } from '../../features/professionals/adopt-links.ts'

/**
 * Records what an older release did before the log held it: rules published, and persons joined. Before anything else
 * is sequenced, so that no checkpoint covers hand-overs without what explains them.
 */
export async function adoptHistory(db: Database): Promise<void> {
  await inTransaction(db, adoptRules)
  while ((await inTransaction(db, adoptLinks)) > 0);
}
