import { isTooHeavy } from '../db/failures.ts'
import { phrase, type Text } from '../domain/language.ts'
import { Rejection } from '../domain/refusals.ts'

/** Reads, and says of what takes longer than one answer may how the caller can ask for less. */
export async function orAskForLess<T>(read: () => Promise<T>, how: Text): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!isTooHeavy(error)) throw error
    const rejection = new Rejection('unavailable', {
      en: phrase`This is more than one answer can search. Ask for less: ${how}.`,
      fr: phrase`C’est plus qu’une réponse ne peut chercher. Demandez moins : ${how}.`,
    })
    throw Object.assign(rejection, { cause: error })
  }
}
