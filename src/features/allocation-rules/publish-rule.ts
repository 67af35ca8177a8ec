import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { requireKnown } from '../../domain/named.ts'
import type { Caller } from '../../http/caller.ts'
import { findProducts } from '../../store/products.ts'
import { findTerritories } from '../../store/territories.ts'
import { authorityOver } from './authority.ts'
import { insertRule } from './queries.ts'
import type { Rule, RuleBody } from './schema.ts'

/** Publishes a rule. Rejects an unknown territory or product, and what is beyond the regulator's remit. */
export async function publishRule(tx: Transaction, caller: Caller, body: RuleBody): Promise<Rule> {
  const { territory, products } = body
  requireKnown('territory', [{ path: 'territory', code: territory }], await findTerritories(tx, [territory]))
  const authority = await authorityOver(tx, caller, body)
  const named = products.map((code, index) => ({ path: `products[${index}]`, code }))
  requireKnown('product', named, await findProducts(tx, products))
  return insertRule(tx, uuidv7(), body, { name: `${caller.role} ${caller.subject}`, authority })
}
