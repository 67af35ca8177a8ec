import { inLanguage } from '../../domain/language.ts'
import { isRefusal, type Refusal } from '../../domain/refusals.ts'

/** What was done; throws if it was refused, which nothing in a new sandbox is. */
export function done<T>(result: T | Refusal): T {
  if (isRefusal(result)) throw new Error(inLanguage(result.detail, 'en'))
  return result
}
