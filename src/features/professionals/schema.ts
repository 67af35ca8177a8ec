import { z } from 'zod'
import { latitude, longitude } from '../../http/places.ts'
import { type professional, professionalStatus } from '../../http/professional-schema.ts'
import { professional as identifier, profession, territory, text, time } from '../../http/schemas.ts'

export const professionalParams = z.strictObject({ id: identifier })

export const professionalBody = z.strictObject({
  id: identifier.optional().describe('That of the path.'),
  profession: profession.describe('The directory’s code: 10 médecin, 21 pharmacien, 60 infirmier, …'),
  speciality: text(40).nullish().describe('Distinguishes people with the same profession code, as rules name it.'),
  familyName: text(100),
  givenName: text(100),
  otherIds: z
    .array(identifier)
    .max(20)
    .default([])
    .describe('Further numbers of the same person. Earlier ones that are left out stay.'),
  practice: z
    .strictObject({ latitude, longitude, territory })
    .nullish()
    .describe('The main practice; without one, the pharmacy’s territory decides.'),
  status: professionalStatus,
})

export const erasureBody = z.strictObject({
  authority: text(140).describe(
    'Who demands or allows the erasure. Kept for ever, so never put the person’s name or number here.',
  ),
  reason: text(140).describe('Also kept for ever.'),
})

export const erasure = z
  .object({
    erasedAt: time,
    records: z.int().describe('Records of the directory, merged ones included.'),
    numbers: z.int().describe('RPPS and ADELI numbers.'),
    entries: z.int().describe('Entries of the ledger that now name nobody.'),
    answers: z.int().describe('Answers kept for retries that now name nobody or are gone.'),
    reservations: z.int().describe('Live reservations that were cancelled.'),
  })
  .meta({ id: 'Erasure' })

export type ProfessionalBody = z.output<typeof professionalBody>
export type Professional = z.output<typeof professional>
export type ErasureOrder = z.output<typeof erasureBody>
export type Erasure = z.output<typeof erasure>
