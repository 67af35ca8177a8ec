import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { Rejection } from '../../domain/refusals.ts'
import { requireKnownProducts } from '../../store/places.ts'
import { requireKnownTerritory } from '../../store/territories.ts'
import { insertRule, isPublished, lockLoading } from './queries.ts'
import { type RuleBody, ruleFile } from './schema.ts'

/** How many rules were published, and how many had been before. */
export interface LoadReport {
  published: number
  present: number
}

/**
 * Publishes those rules of a file that were not published before: run again it changes nothing, and what was withdrawn
 * since stays withdrawn. All or nothing. Throws 400 naming the place in the file, or the product, that is wrong.
 */
export async function loadRules(tx: Transaction, file: unknown): Promise<LoadReport> {
  const rules = parse(file)
  for (const [index, { territory }] of rules.entries()) {
    await requireKnownTerritory(tx, `[${index}].territory`, territory)
  }
  const products = new Set(rules.flatMap((rule) => rule.products))
  await requireKnownProducts(
    tx,
    [...products].map((code) => ({ path: code, code })),
  )
  await lockLoading(tx)
  const report = { published: 0, present: 0 }
  for (const rule of rules) {
    if (await isPublished(tx, rule)) report.present += 1
    else {
      await insertRule(tx, uuidv7(), rule, 'gomask rules load')
      report.published += 1
    }
  }
  return report
}

function parse(file: unknown): RuleBody[] {
  const parsed = ruleFile.safeParse(file)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Rejection('invalid_request', `${issue?.path.join('.') || 'the file'}: ${issue?.message}`)
}
