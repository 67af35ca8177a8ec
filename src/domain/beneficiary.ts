import { type AllocationRule, ruleFor } from './allocation-rules.ts'
import { type Allowance, allowance, type Hold, type Receipt } from './entitlement.ts'
import { type Instant, iso } from './instant.ts'
import { counted, moment, phrase, type Text } from './language.ts'
import { periodAt } from './periods.ts'
import { isRefusal, type Refusal, refused } from './refusals.ts'

/** Everything that decides what one professional may receive, read from the database at one instant, after the lock. */
export interface EntitlementFacts {
  /** The database's clock. */
  at: Instant
  /** When the masks change hands: within five minutes of `at`. */
  occurredAt: Instant
  person: Person
  /** The territory that judges: the practice's, else the pharmacy's; narrowest first, up to the country. */
  territoryPath: string[]
  timeZone: string
  /** Those for that territory that have not ended by `occurredAt`, some not yet in force, and for all professions. */
  rules: AllocationRule[]
  receipts: Receipt[]
  /** Live at `at`, oldest first. */
  holds: Hold[]
  /** The records whose receipts and holds are among these, as long as it is in doubt whether they are this person's. */
  countedWith: string[]
}

export interface Person {
  id: string
  /** All by which the person is known, those of merged records too, in order. */
  numbers: string[]
  /** Null as long as the directory lacks the person. */
  profession: string | null
  speciality: string | null
  status: 'active' | 'suspended'
  /** Known by a right number alone, off line, until the directory has it. */
  provisional?: boolean | undefined
  practiceTerritory: string | null
  /** WGS 84 degrees. */
  practice: { latitude: number; longitude: number } | null
}

/** What this person may still receive of a product now, or why no rule allows any. */
export function allowanceFor(
  facts: EntitlementFacts,
  product: string,
  more: { receipts?: Receipt[]; holds?: Hold[] } = {},
): Allowance | Refusal {
  const choice = ruleFor(
    facts.rules,
    { profession: facts.person.profession ?? '', speciality: facts.person.speciality ?? undefined },
    product,
    facts.territoryPath,
    facts.occurredAt,
  )
  if ('none' in choice) {
    return choice.none === 'no_rule_in_force'
      ? refused('no_rule_in_force', noRule(product, facts.territoryPath[0] ?? ''), { product })
      : refused('profession_not_entitled', professionNotNamed(product), { product })
  }
  const { rule } = choice
  const period = periodAt(rule.window, { ...rule, timeZone: facts.timeZone }, facts.occurredAt)
  return allowance(rule, period, product, [...facts.receipts, ...(more.receipts ?? [])], more.holds ?? facts.holds)
}

function noRule(product: string, territory: string): Text {
  return {
    en: phrase`No allocation rule is in force for ${product} in ${territory}.`,
    fr: phrase`Aucune dotation n’est en vigueur pour les masques ${product} dans le territoire ${territory}.`,
  }
}

function professionNotNamed(product: string): Text {
  return {
    en: phrase`The rules in force for ${product} name no such profession.`,
    fr: phrase`Les dotations en vigueur pour les masques ${product} ne visent pas cette profession.`,
  }
}

/** What is left of each product of some more receipts, once these count and the holds are as they will be then. */
export function remainingAfter(
  facts: EntitlementFacts,
  receipts: Receipt[],
  holds: Hold[],
): { product: string; quantity: number }[] {
  return [...new Set(receipts.map(({ product }) => product))].flatMap((product) => {
    const left = allowanceFor(facts, product, { receipts, holds })
    return isRefusal(left) ? [] : [{ product, quantity: left.remaining }]
  })
}

/** Refuses a quantity above what is left; says what is left, when it would be granted, and which rule decided. */
export function exceeded(
  { timeZone, countedWith }: Pick<EntitlementFacts, 'timeZone' | 'countedWith'>,
  allowance: Allowance,
  quantity: number,
  resets: Instant | null,
): Refusal {
  const { rule, period, product, remaining } = allowance
  const detail = resets === null ? leftNow(allowance) : leftLater(allowance, quantity, moment(resets, timeZone))
  return refused(
    'entitlement_exceeded',
    countedWith.length === 0 ? detail : withOthers(detail),
    {
      remaining: [{ product, quantity: remaining }],
      resetsAt: resets === null ? null : iso(resets),
      rule: { id: rule.id, source: rule.source },
      window: windowOf(period),
    },
    { product, quantity, allowance },
  )
}

function leftNow({ product, remaining, cap }: Allowance): Text {
  return {
    en: phrase`${remaining} of ${counted(cap, 'mask', 'masks')} are left in the present window for ${product}.`,
    fr: phrase`Il reste ${counted(remaining, 'masque', 'masques')} ${product} sur ${cap} pour la période en cours.`,
  }
}

function leftLater(allowance: Allowance, quantity: number, when: ReturnType<typeof moment>): Text {
  const { product, remaining, cap } = allowance
  return {
    en: phrase`${remaining} of ${counted(cap, 'mask', 'masks')} are left in the present window for ${product}; ${quantity} from ${when}.`,
    fr: phrase`Il reste ${counted(remaining, 'masque', 'masques')} ${product} sur ${cap} pour la période en cours ; ${quantity} à partir du ${when}.`,
  }
}

// Otherwise nobody at the counter could tell why the person's own history does not add up to it.
function withOthers(detail: Text): Text {
  return {
    en: phrase`${detail} Another record counts too until it is decided whether it is the same person’s: ask the operator of the service.`,
    fr: phrase`${detail} Un autre dossier compte aussi tant qu’il n’est pas décidé s’il est celui de la même personne : adressez-vous à l’exploitant du service.`,
  }
}

/** A period as answers show it. */
export function windowOf(period: { start: Instant; end: Instant | null }): { start: string; end: string | null } {
  return { start: iso(period.start), end: period.end === null ? null : iso(period.end) }
}
