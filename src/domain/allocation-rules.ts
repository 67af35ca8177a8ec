import type { Instant } from './instant.ts'
import type { RuleWindow } from './periods.ts'

/**
 * A dated cap, in single masks, on what some professionals may receive of some products in a territory over a window.
 * It is never edited: another supersedes it, or it is withdrawn.
 */
export interface AllocationRule {
  id: string
  /** Profession codes of the national directory; without a speciality the whole profession. */
  beneficiaries: { profession: string; speciality?: string }[]
  products: string[]
  /** Over all the products together. */
  cap: number
  /** Further caps on single products, within `cap`. */
  subCaps: { product: string; cap: number }[]
  window: RuleWindow
  /** Reaches every territory below its own. */
  territory: string
  validFrom: Instant
  /** The first instant at which it is no longer in force; null while no end is known. */
  validTo: Instant | null
  withdrawnAt: Instant | null
  source: { title: string; reference: string; url: string | null }
  confidence: 'high' | 'medium' | 'low'
  publishedAt: Instant
}

/** A rule as records cite it. It is never edited, so that its id is its version, published at that instant. */
export type RuleVersion = Pick<AllocationRule, 'id' | 'source' | 'publishedAt'>

/** What rules look at to tell professionals apart. */
export interface Beneficiary {
  profession: string
  speciality?: string | undefined
}

/** The rule that judges, or why there is none. */
export type RuleChoice = { rule: AllocationRule } | { none: 'no_rule_in_force' | 'profession_not_entitled' }

interface Candidate {
  rule: AllocationRule
  namesSpeciality: boolean
  /** Steps up from the professional's own territory to the rule's. */
  distance: number
}

/**
 * The one rule that judges what a professional receives of a product at an instant. The order of `rules` does not
 * matter: the most specific beneficiary wins (one that names the speciality), then the most specific territory, then
 * the latest `validFrom`, then the greater id. `territoryPath` is `pathOf` the territory, narrowest first.
 */
export function ruleFor(
  rules: readonly AllocationRule[],
  beneficiary: Beneficiary,
  product: string,
  territoryPath: readonly string[],
  at: Instant,
): RuleChoice {
  const reaching = rules.filter(
    (rule) => isInForce(rule, at) && rule.products.includes(product) && territoryPath.includes(rule.territory),
  )
  if (reaching.length === 0) return { none: 'no_rule_in_force' }

  const [first, ...others] = reaching.flatMap((rule) => candidate(rule, beneficiary, territoryPath) ?? [])
  if (first === undefined) return { none: 'profession_not_entitled' }
  return { rule: others.reduce((best, other) => (prevails(other, best) ? other : best), first).rule }
}

function isInForce(rule: AllocationRule, at: Instant): boolean {
  return (
    rule.validFrom <= at &&
    (rule.validTo === null || at < rule.validTo) &&
    (rule.withdrawnAt === null || at < rule.withdrawnAt)
  )
}

function candidate(
  rule: AllocationRule,
  { profession, speciality }: Beneficiary,
  territoryPath: readonly string[],
): Candidate | undefined {
  const matching = rule.beneficiaries.filter(
    (named) => named.profession === profession && (named.speciality === undefined || named.speciality === speciality),
  )
  if (matching.length === 0) return undefined
  const namesSpeciality = matching.some((named) => named.speciality !== undefined)
  return { rule, namesSpeciality, distance: territoryPath.indexOf(rule.territory) }
}

function prevails(one: Candidate, other: Candidate): boolean {
  if (one.namesSpeciality !== other.namesSpeciality) return one.namesSpeciality
  if (one.distance !== other.distance) return one.distance < other.distance
  if (one.rule.validFrom !== other.rule.validFrom) return one.rule.validFrom > other.rule.validFrom
  return one.rule.id > other.rule.id
}
