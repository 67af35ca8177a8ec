import { z } from 'zod'
import type { Text } from '../domain/language.ts'
import { invalid } from '../domain/refusals.ts'
import type { Caller } from './caller.ts'
import { saying } from './complaint.ts'
import { VISIBLE_ASCII } from './request-key.ts'
import { instant, product } from './schemas.ts'

const visible: Text = {
  en: 'must be 1 to 64 visible ASCII characters',
  fr: 'doit compter de 1 à 64 caractères ASCII visibles',
}

/** The filters of a list of a pharmacy's things, by when they happened and of which product. */
export const listFilters = (when: string) => ({
  from: instant.optional().describe(`${when} at or after this time.`),
  to: instant.optional().describe(`${when} before this time.`),
  product: product.optional(),
  operator: z
    .string()
    .max(64)
    .regex(VISIBLE_ASCII, saying(visible))
    .optional()
    .describe('By this X-Operator; for the pharmacy itself alone.'),
})

/** Why a filter is refused to others. */
export const forPharmacies: Text = { en: 'is a filter for pharmacies', fr: 'est un filtre réservé aux officines' }

/** Refuses a filter by operator to anybody but a pharmacy, which alone is shown them. */
export function requireOwnOperators({ role }: Caller, { operator }: { operator?: string | undefined }): void {
  if (operator === undefined || role === 'pharmacy') return
  throw invalid('operator', forPharmacies)
}
