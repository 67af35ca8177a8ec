import { z } from 'zod'
import { canBePickupCode } from '../domain/pickup-code.ts'
import { saying } from './complaint.ts'

/** As people type it. What cannot be a code is refused before anything is looked at, so that it costs no try. */
export const pickupCode = z
  .string()
  .max(40)
  .refine(
    canBePickupCode,
    saying({
      en: 'must be a pick-up code: 8 letters and digits',
      fr: 'doit être un code de retrait : 8 lettres et chiffres',
    }),
  )
  .describe(
    'Case, spaces and dashes do not matter; O is read as 0, I and L as 1. What a QR code of it says, `GOMASK:7K3M9QXA`, is taken too.',
  )
  // The code, and perhaps the word before it.
  .meta({ pattern: '^(?:[^0-9A-Za-z]*[0-9A-Za-z]){8,14}[^0-9A-Za-z]*$' })
