import { CLOCK_SKEW_MS, type Instant } from './instant.ts'
import { counted, phrase, type Text } from './language.ts'
import { DAY_MS } from './periods.ts'
import { invalid, Rejection } from './refusals.ts'
import { tooFarAhead } from './stock-changes.ts'

interface Told {
  /** The field that says when it happened. */
  field: 'dispensedAt' | 'occurredAt' | 'countedAt'
  at: Instant
}

/** Makes sure that something is told of neither ahead of its time nor after so many days. */
export function requireWithinDays({ field, at: happened }: Told, now: Instant, days: number): void {
  if (happened > now + CLOCK_SKEW_MS) throw outOfRange(field, tooFarAhead)
  if (happened >= now - days * DAY_MS) return
  throw outOfRange(field, {
    en: phrase`lies more than ${counted(days, 'day', 'days')} back`,
    fr: phrase`remonte à plus de ${counted(days, 'jour', 'jours')}`,
  })
}

function outOfRange(field: Told['field'], message: Text): Rejection {
  const rejection = invalid(field, message)
  return field === 'dispensedAt'
    ? new Rejection('dispensed_at_out_of_range', rejection.detail, { errors: [{ path: field, message }] })
    : rejection
}
