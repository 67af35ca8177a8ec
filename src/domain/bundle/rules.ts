import { type Instant, instantOf, iso } from '../instant.ts'
import type { LogRecord } from '../log-record.ts'
import {
  RULE_PUBLISHED,
  RULE_WITHDRAWN,
  type RulePublication,
  readPublication,
  readWithdrawal,
} from '../rule-record.ts'
import { BundleFault } from './fault.ts'

/** How long after a withdrawal a hand-over that had read the rule before may still have been under way. */
const UNDER_WAY_MS = 60_000

/** What is said of a hand-over off line that no rule has judged. */
const WITHOUT_RULE = ['over_allocation', 'unverified']

/** A hand-over, as far as its rules are concerned. */
interface Judged {
  index: number
  occurredAt: string
  flags: readonly string[]
  lines: readonly { ruleId: string | null; ruleHash: string | null }[]
}

/** The first hand-overs by a text of a rule whose publication has not come yet, and when they took place. */
interface Awaited {
  ruleId: string
  ruleHash: string
  index: number
  earliest: { index: number; at: Instant }
  latest: { index: number; at: Instant }
}

type Known = RulePublication & { index: number; withdrawn?: { index: number; at: Instant } }

/**
 * Holds the rules that judged to what the log holds of their publication and withdrawal, in the log's order. Throws a
 * BundleFault at the first that is not as it was published.
 */
export class JudgingRules {
  readonly #known = new Map<string, Known>()
  readonly #awaited = new Map<string, Awaited>()

  /** Takes a record, if it tells of a rule. */
  addRecord(index: number, record: LogRecord): void {
    if (record.kind === RULE_PUBLISHED) this.#publish(index, record)
    if (record.kind === RULE_WITHDRAWN) this.#withdraw(index, record)
  }

  /** Checks each line of a hand-over against the rule that judged it. */
  addJudged({ index, occurredAt, flags, lines }: Judged): void {
    const at = instantOf(occurredAt)
    for (const { ruleId, ruleHash } of lines) {
      if (ruleId === null) {
        if (!flags.some((flag) => WITHOUT_RULE.includes(flag)))
          throw new BundleFault('it cites no rule, and is flagged for none', index)
        continue
      }
      if (ruleHash === null) throw new BundleFault('it does not say by what text of its rule it was judged', index)
      const rule = this.#known.get(ruleId)
      if (rule === undefined) this.#await(ruleId, ruleHash, { index, at })
      else requireInForce(rule, ruleHash, { index, at })
    }
  }

  /** Ends after the last entry: no hand-over may be left whose rule was never published. */
  end(): void {
    const [first] = [...this.#awaited.values()].sort((one, other) => one.index - other.index)
    if (first) throw new BundleFault(`it was judged by rule ${first.ruleId}, which was never published`, first.index)
  }

  #publish(index: number, record: LogRecord): void {
    const published = readPublication(record)
    if (!published || this.#known.has(record.subject)) {
      throw new BundleFault(`it is no publication of rule ${record.subject}`, index)
    }
    this.#known.set(record.subject, { ...published, index })
    for (const [key, { ruleId, ruleHash, index: judged, earliest, latest }] of this.#awaited) {
      if (ruleId !== record.subject) continue
      // Only a rule from before there were records may come after what it judged.
      if (!published.isAdopted) {
        throw new BundleFault(
          `it was judged by rule ${record.subject}, which entry ${index} published only later`,
          judged,
        )
      }
      requireInForce({ ...published, index }, ruleHash, earliest)
      requireInForce({ ...published, index }, ruleHash, latest)
      this.#awaited.delete(key)
    }
  }

  #withdraw(index: number, record: LogRecord): void {
    const rule = this.#known.get(record.subject)
    if (!rule || rule.withdrawn) throw new BundleFault(`it is no withdrawal of rule ${record.subject}`, index)
    const at = readWithdrawal(record)
    if (at === undefined) throw new BundleFault(`it is no withdrawal of rule ${record.subject}`, index)
    rule.withdrawn = { index, at }
  }

  #await(ruleId: string, ruleHash: string, judged: { index: number; at: Instant }): void {
    const key = `${ruleId} ${ruleHash}`
    const before = this.#awaited.get(key) ?? { ruleId, ruleHash, index: judged.index, earliest: judged, latest: judged }
    const earliest = judged.at < before.earliest.at ? judged : before.earliest
    const latest = judged.at > before.latest.at ? judged : before.latest
    this.#awaited.set(key, { ...before, earliest, latest })
  }
}

function requireInForce(rule: Known, ruleHash: string, { index, at }: { index: number; at: Instant }): void {
  const { ruleId, validFrom, validTo, withdrawn } = rule
  const wrong = (why: string) => new BundleFault(`it was judged by rule ${ruleId}, ${why}`, index)
  if (ruleHash !== rule.ruleHash) throw wrong(`which is not what entry ${rule.index} published`)
  if (at < validFrom) throw wrong(`which is in force only from ${iso(validFrom)}`)
  if (validTo !== null && at >= validTo) throw wrong(`which was in force until ${iso(validTo)}`)
  if (withdrawn && at >= withdrawn.at + UNDER_WAY_MS) {
    throw wrong(`which entry ${withdrawn.index} withdrew at ${iso(withdrawn.at)}`)
  }
}
