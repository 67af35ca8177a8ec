import type { Config } from '../../config.ts'

/** What limits a pharmacy at its counter besides stock and entitlements. */
export interface CounterLimits {
  overridesPerWeek: number
  limitCodeTries: boolean
  /** People asked about within an hour without being served; null: no limit. */
  unservedChecks: number | null
}

/** The limits that the configuration sets. */
export function counterLimits({
  OVERRIDES_PER_WEEK,
  RATE_LIMIT,
  UNSERVED_CHECKS_PER_HOUR: checks,
}: Config): CounterLimits {
  const isLimited = RATE_LIMIT > 0
  const unservedChecks = isLimited && checks > 0 ? checks : null
  return { overridesPerWeek: OVERRIDES_PER_WEEK, limitCodeTries: isLimited, unservedChecks }
}
