import type { Queryable } from '../../db/database.ts'
import { phrase } from '../../domain/language.ts'
import { Rejection } from '../../domain/refusals.ts'
import type { Caller } from '../../http/caller.ts'
import { widestOver } from '../../store/territories.ts'
import type { RuleBody } from './schema.ts'

/** In whose name a regulator publishes, frozen in the rule: its staff come and go, and so do their tokens. */
export interface Authority {
  territory: string
  /** To which it is limited; empty for all. */
  professions: string[]
}

/**
 * In whose name a caller publishes a rule: of a regulator the widest of its territories that reaches the rule's, and
 * null for the operator. Throws `forbidden` for a territory or a profession beyond its remit.
 */
export async function authorityOver(
  db: Queryable,
  { role, territories, professions }: Caller,
  rule: Pick<RuleBody, 'territory' | 'beneficiaries'>,
): Promise<Authority | null> {
  if (role !== 'regulator') return null
  const territory = await widestOver(db, rule.territory, territories)
  if (territory === undefined)
    throw new Rejection('forbidden', {
      en: phrase`The token’s territories do not reach ${rule.territory}.`,
      fr: phrase`Les territoires du jeton n’atteignent pas ${rule.territory}.`,
    })
  const beyond = rule.beneficiaries.find(({ profession }) => !covers(professions, [profession]))
  if (beyond)
    throw new Rejection('forbidden', {
      en: phrase`The token’s professions do not include ${beyond.profession}.`,
      fr: phrase`Les professions du jeton ne comprennent pas ${beyond.profession}.`,
    })
  return { territory, professions }
}

/** Makes sure that a caller speaks for the authority that published a rule. Throws `forbidden` if it does not. */
export function requireAuthority({ role, territories, professions }: Caller, publisher: Authority | null): void {
  if (role !== 'regulator') return
  if (publisher && territories.includes(publisher.territory) && coversAll(professions, publisher.professions)) return
  throw new Rejection('forbidden', {
    en: 'Another authority published this rule: that one or the operator withdraws it.',
    fr: 'Une autre autorité a publié cette dotation : elle seule, ou l’exploitant, peut la retirer.',
  })
}

function coversAll(own: readonly string[], others: readonly string[]): boolean {
  return others.length === 0 ? own.length === 0 : covers(own, others)
}

function covers(own: readonly string[], professions: readonly string[]): boolean {
  return own.length === 0 || professions.every((profession) => own.includes(profession))
}
