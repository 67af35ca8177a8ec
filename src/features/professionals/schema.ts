import { z } from 'zod'
import { professional as identifier, latitude, longitude, territory, text } from '../../http/schemas.ts'

const statuses = ['active', 'suspended'] as const

export const professionalParams = z.strictObject({ id: identifier })

export const professionalBody = z.strictObject({
  profession: z
    .string()
    .regex(/^[0-9A-Z]{1,10}$/, 'must be a code of the directory, such as "10"')
    .describe('The directory’s code: 10 médecin, 21 pharmacien, 60 infirmier, …'),
  speciality: text(40).optional().describe('Tells apart what one profession code holds together, as rules name it.'),
  familyName: text(100),
  givenName: text(100),
  otherIds: z
    .array(identifier)
    .max(20)
    .default([])
    .describe('Further numbers of the same person. Those of an earlier time that are left out stay.'),
  practice: z
    .strictObject({ latitude, longitude, territory })
    .optional()
    .describe('The main practice; without one the pharmacy’s territory judges.'),
  status: z.enum(statuses),
})

export const professional = z
  .object({
    id: z.string().describe('The number of the path, a national prefix taken off.'),
    profession: z.string(),
    speciality: z.string().nullable(),
    familyName: z.string(),
    givenName: z.string(),
    otherIds: z.array(z.string()).describe('All the other numbers of this person.'),
    practice: z.object({ latitude: z.number(), longitude: z.number(), territory: z.string() }).nullable(),
    status: z.enum(statuses),
  })
  .meta({ id: 'Professional' })

export type ProfessionalBody = z.output<typeof professionalBody>
export type Professional = z.output<typeof professional>
