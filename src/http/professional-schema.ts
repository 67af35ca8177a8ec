import { z } from 'zod'

export const professionalStatus = z.enum(['active', 'suspended'])

/** What the directory says of a professional, who may read it too. */
export const professional = z
  .object({
    id: z.string().describe('The number in the path, without a national prefix.'),
    profession: z.string(),
    speciality: z.string().nullable(),
    familyName: z.string(),
    givenName: z.string(),
    otherIds: z.array(z.string()).describe('All the other numbers of this person.'),
    practice: z.object({ latitude: z.number(), longitude: z.number(), territory: z.string() }).nullable(),
    status: professionalStatus,
  })
  .meta({ id: 'Professional' })
