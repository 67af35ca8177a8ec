import { instantOf } from './instant.ts'
import { moment, phrase, type Text } from './language.ts'
import { type Refusal, refused } from './refusals.ts'

/** The refusal to reserve where a pharmacy's own notice forbids it, until a time (RFC 3339) if it says one. */
export function reservationsClosed(until: string | null): Refusal {
  return refused('reservations_closed', until === null ? forNow : closedUntil(instantOf(until)), { until })
}

const forNow: Text = {
  en: 'This pharmacy takes no reservations for now. Name another, or none and have the nearest found.',
  fr: 'Cette officine ne prend pas d’options en ce moment. Nommez-en une autre, ou aucune : la plus proche sera trouvée.',
}

function closedUntil(until: number): Text {
  return {
    en: phrase`This pharmacy takes no reservations until ${moment(until)}. Name another, or none and have the nearest found.`,
    fr: phrase`Cette officine ne prend pas d’options jusqu’au ${moment(until)}. Nommez-en une autre, ou aucune : la plus proche sera trouvée.`,
  }
}
