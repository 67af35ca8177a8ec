import { z } from 'zod'
import { saying } from '../../http/complaint.ts'
import { uuid } from '../../http/schemas.ts'

const hashes = z.array(z.string()).describe('Base64, in the order of RFC 6962.')
const checkpoint = z.string().describe('The checkpoint that it leads to, a signed note.')

const treeSize = z
  .string()
  .regex(
    /^[1-9]\d{0,14}$/,
    saying({
      en: 'must be the size of a tree: a whole number from 1',
      fr: 'doit être la taille d’un arbre : un nombre entier à partir de 1',
    }),
  )
  .transform(Number)
  .meta({ shownAs: { type: 'integer', minimum: 1 } })

export const inclusionQuery = z.strictObject({
  entry: uuid.describe('`id` of a dispensation or reversal, or of a record.'),
})

export const inclusionProof = z
  .object({
    entry: uuid,
    entryHash: z.string().describe('Base64 of the leaf hash.'),
    index: z.int().describe('The entry’s place in the log, from 0.'),
    size: z.int().describe('The size of the tree that the proof is for.'),
    hashes,
    checkpoint,
  })
  .meta({ id: 'InclusionProof' })

export const consistencyQuery = z.strictObject({
  from: treeSize.describe('The size of a checkpoint that you kept.'),
  to: treeSize.optional().describe('A larger size; if left out, that of the newest checkpoint.'),
})

export const consistencyProof = z
  .object({
    from: z.int(),
    to: z.int(),
    hashes,
    checkpoint: checkpoint.describe('The newest checkpoint, a signed note.'),
  })
  .meta({ id: 'ConsistencyProof' })
