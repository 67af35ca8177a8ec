import { z } from 'zod'
import { pageQuery } from '../../http/pages.ts'
import { text, time, uuid } from '../../http/schemas.ts'

const decisions = ['same', 'distinct'] as const

export const doubt = z
  .object({
    id: uuid,
    openedAt: time,
    issuer: z.string().describe('Whose login said that the two are one person.'),
    decision: z
      .enum(decisions)
      .nullable()
      .describe('Null until somebody decides. `same`: the two records have been merged.'),
    decidedAt: time.nullable(),
    decidedBy: z.string().nullable().describe('As the journal of administration names whoever decided.'),
  })
  .meta({ id: 'IdentityDoubt', description: 'Whether two people of the directory are one.' })

const doubted = z
  .object({
    numbers: z.array(z.string()).describe('RPPS before ADELI; none once erased.'),
    familyName: z.string().nullable(),
    givenName: z.string().nullable(),
    profession: z.string(),
    territory: z.string().nullable().describe('Of the practice.'),
  })
  .meta({ id: 'DoubtedPerson' })

export const listedDoubt = doubt
  .extend({
    persons: z.array(doubted).describe('The two, or the one that they have become.'),
    reason: z.string().nullable().describe('Why they are distinct; gone with either person.'),
  })
  .meta({ id: 'ListedIdentityDoubt' })

export const listQuery = z.strictObject({
  ...pageQuery,
  decision: z
    .enum(['open', ...decisions])
    .default('open')
    .describe('`open`: those that wait for one.'),
})

export const decisionBody = z.strictObject({
  decision: z
    .literal('distinct')
    .describe('That they are one is said with PUT /v1/professionals/{id}, the numbers of the other in `otherIds`.'),
  reason: text(200).describe('How that is known. It is deleted when either person is erased.'),
})

export const doubtParams = z.strictObject({ id: uuid })

export type Doubt = z.output<typeof doubt>
export type ListedDoubt = z.output<typeof listedDoubt>
export type Decision = z.output<typeof decisionBody>
