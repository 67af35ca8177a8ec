import { z } from 'zod'
import { pageOf, pageQuery } from '../../http/pages.ts'

const territory = z
  .object({
    code: z.string().describe('ISO 3166-2 code.'),
    name: z.string(),
    kind: z.enum(['country', 'region', 'department']),
    parent: z.string().nullable().describe('The code of the territory that contains it; null for the country.'),
    timeZone: z.string().describe('IANA name of the time zone in which weeks begin.'),
  })
  .meta({ id: 'Territory' })

export const listQuery = z.strictObject(pageQuery)
export const territoryPage = pageOf(territory)

export type Territory = z.output<typeof territory>
