import { phrase, type Text } from '../../domain/language.ts'
import { Rejection } from '../../domain/refusals.ts'

/** The rejection of a question about a log that has nothing in it. */
export function noCheckpoint(): Rejection {
  return new Rejection('not_found', {
    en: 'There is no checkpoint yet. Ask again in a few seconds.',
    fr: 'Il n’y a pas encore de point de contrôle. Redemandez dans quelques secondes.',
  })
}

/** The rejection of an entry that is not there, or not the caller's. */
export function noSuchEntry(): Rejection {
  return new Rejection('not_found', {
    en: 'There is no such entry of yours.',
    fr: 'Vous n’avez pas d’écriture portant cet identifiant.',
  })
}

/** Of an entry that is in the ledger, and in no checkpoint so far. */
export const notYetThere: Text = {
  en: 'The entry is not in a checkpoint yet. Ask again in a few seconds.',
  fr: 'L’écriture n’est pas encore dans un point de contrôle. Redemandez dans quelques secondes.',
}

/** Of a size that the log has yet to reach. */
export function aboveNewest(size: number): Text {
  return {
    en: phrase`is above ${size}, the size of the newest checkpoint`,
    fr: phrase`dépasse ${size}, la taille du dernier point de contrôle`,
  }
}
