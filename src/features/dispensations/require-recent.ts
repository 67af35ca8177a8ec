import { CLOCK_SKEW_MS, type Instant } from '../../domain/instant.ts'
import { phrase, type Text } from '../../domain/language.ts'
import { Rejection } from '../../domain/refusals.ts'

const fiveMinutesOff: Text = {
  en: 'may lie at most 5 minutes back or ahead',
  fr: 'doit être à 5 minutes au plus de l’heure présente',
}
const past: Text = {
  en: phrase`dispensedAt: ${fiveMinutesOff}. Send an older hand-over in an offline batch (offline-batches).`,
  fr: phrase`dispensedAt : ${fiveMinutesOff}. Envoyez une remise plus ancienne dans un lot hors ligne (offline-batches).`,
}
const ahead: Text = {
  en: phrase`dispensedAt: ${fiveMinutesOff}. Set the clock, or leave dispensedAt out: the hand-over is taken as of now.`,
  fr: phrase`dispensedAt : ${fiveMinutesOff}. Réglez l’horloge, ou omettez dispensedAt : la remise vaut pour maintenant.`,
}

/** Makes sure that a hand-over is told of as it happens. Throws `dispensed_at_out_of_range`. */
export function requireRecent(dispensedAt: Instant | undefined, at: Instant): void {
  if (dispensedAt === undefined || Math.abs(dispensedAt - at) <= CLOCK_SKEW_MS) return
  throw new Rejection('dispensed_at_out_of_range', dispensedAt < at ? past : ahead, {
    errors: [{ path: 'dispensedAt', message: fiveMinutesOff }],
  })
}
