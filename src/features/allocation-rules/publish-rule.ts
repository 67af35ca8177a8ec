import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import type { Caller } from '../../http/caller.ts'
import { requireKnownProducts } from '../../store/places.ts'
import { requireKnownTerritory } from '../../store/territories.ts'
import { requireOwnTerritory } from './own-territory.ts'
import { insertRule } from './queries.ts'
import type { Rule, RuleBody } from './schema.ts'

/** Publishes a rule. Throws 400 on an unknown territory or product, 403 for a territory that is not the regulator's. */
export async function publishRule(tx: Transaction, caller: Caller, body: RuleBody): Promise<Rule> {
  await requireKnownTerritory(tx, 'territory', body.territory)
  await requireOwnTerritory(tx, caller, body.territory)
  await requireKnownProducts(
    tx,
    body.products.map((code, index) => ({ path: `products[${index}]`, code })),
  )
  return insertRule(tx, uuidv7(), body, `${caller.role} ${caller.subject}`)
}
