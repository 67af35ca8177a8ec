import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { requireKnown } from '../../domain/named.ts'
import { validate } from '../../http/validation.ts'
import { findProducts } from '../../store/products.ts'
import { findTerritories } from '../../store/territories.ts'
import { insertRule, isPublished, lockLoading } from './queries.ts'
import { type RuleBody, ruleFile } from './schema.ts'

/** How many rules were published, and how many had been published before. */
export interface LoadReport {
  published: number
  present: number
}

/**
 * Publishes the rules of a file that have not been published before, all or none. Running it again changes nothing, and
 * withdrawn rules stay withdrawn. Rejects a wrong file, naming the place in it or the product.
 */
export async function loadRules(tx: Transaction, file: unknown): Promise<LoadReport> {
  const rules = parse(file)
  const territories = rules.map(({ territory }) => territory)
  const places = territories.map((code, index) => ({ path: `[${index}].territory`, code }))
  requireKnown('territory', places, await findTerritories(tx, territories))
  const products = [...new Set(rules.flatMap((rule) => rule.products))]
  const named = products.map((code) => ({ path: code, code }))
  requireKnown('product', named, await findProducts(tx, products))
  await lockLoading(tx)
  const report = { published: 0, present: 0 }
  for (const rule of rules) {
    if (await isPublished(tx, rule)) report.present += 1
    else {
      await insertRule(tx, uuidv7(), rule, { name: 'gomask rules load', authority: null })
      report.published += 1
    }
  }
  return report
}

function parse(file: unknown): RuleBody[] {
  const result = validate(ruleFile, file, 'the file')
  if (result.error) throw result.error
  return result.value
}
