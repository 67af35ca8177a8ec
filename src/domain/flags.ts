import type { Instant } from './instant.ts'
import { CLOCK_SKEW_MS } from './instant.ts'
import type { Text } from './language.ts'

/** What an entry may be marked with for ever, in the order in which it is. */
export const FLAGS = [
  'override',
  'late',
  'very_late',
  'over_allocation',
  'stock_discrepancy',
  'unverified',
  'suspended',
  'inactive_product',
] as const

export type Flag = (typeof FLAGS)[number]

/** Each once, in the order in which entries have them. */
export function inOrder(flags: readonly Flag[]): Flag[] {
  return FLAGS.filter((flag) => flags.includes(flag))
}

const VERY_LATE_MS = 72 * 60 * 60_000

/** How late something is recorded, if it is late. */
export function latenessOf(occurredAt: Instant, at: Instant): Flag[] {
  if (at - occurredAt > VERY_LATE_MS) return ['very_late']
  return at - occurredAt > CLOCK_SKEW_MS ? ['late'] : []
}

/** What a flag says, and what the pharmacy should do about it. */
export const flagTexts: Record<Flag, { meaning: Text; action: Text }> = {
  override: {
    meaning: {
      en: 'Above the entitlement, for the reason that the pharmacy gave.',
      fr: 'Au-delà du droit restant, pour le motif indiqué par l’officine.',
    },
    action: { en: 'Nothing: keep the reason at hand.', fr: 'Rien : gardez le motif à disposition.' },
  },
  late: {
    meaning: {
      en: 'Recorded more than 5 minutes after it happened.',
      fr: 'Enregistré plus de 5 minutes après les faits.',
    },
    action: { en: 'Nothing, after an outage.', fr: 'Rien, après une panne.' },
  },
  very_late: {
    meaning: {
      en: 'Recorded more than 72 hours after it happened.',
      fr: 'Enregistré plus de 72 heures après les faits.',
    },
    action: {
      en: 'Send what happens off line as soon as the service is there again.',
      fr: 'Envoyez les opérations hors ligne dès que le service répond à nouveau.',
    },
  },
  over_allocation: {
    meaning: {
      en: 'More was handed over than the professional was entitled to, or no rule allowed any. It counts all the same.',
      fr: 'Il a été remis plus que le droit restant, ou aucune dotation ne le permettait. La remise compte tout de même.',
    },
    action: {
      en: 'Check the person and the quantity. Reverse the hand-over if it is an error; otherwise keep the reason at hand.',
      fr: 'Vérifiez la personne et la quantité. Annulez la remise s’il s’agit d’une erreur ; sinon gardez le motif à disposition.',
    },
  },
  stock_discrepancy: {
    meaning: {
      en: 'More left than the stock showed as available. What was missing was made up, and reservations that no longer fit were cancelled.',
      fr: 'Il est sorti plus que le stock disponible affiché. Le manque a été compensé et les options devenues intenables ont été annulées.',
    },
    action: { en: 'Count this product.', fr: 'Comptez ce masque.' },
  },
  unverified: {
    meaning: {
      en: 'The directory does not know this number, which is well formed. No rule has judged the hand-over.',
      fr: 'L’annuaire ne connaît pas ce numéro, pourtant bien formé. Aucune dotation n’a jugé la remise.',
    },
    action: {
      en: 'Check the number. If it is right, do nothing: the history becomes the person’s once the directory has them.',
      fr: 'Vérifiez le numéro. S’il est juste, ne faites rien : l’historique sera rattaché à la personne dès son arrivée à l’annuaire.',
    },
  },
  suspended: {
    meaning: { en: 'The professional is suspended.', fr: 'Ce professionnel est suspendu.' },
    action: {
      en: 'Hand over nothing more to this person, and ask the operator of the service.',
      fr: 'Ne remettez plus rien à cette personne et adressez-vous à l’exploitant du service.',
    },
  },
  inactive_product: {
    meaning: { en: 'The product is no longer distributed.', fr: 'Ce masque n’est plus distribué.' },
    action: { en: 'Take it off the shelf.', fr: 'Retirez-le du rayon.' },
  },
}
