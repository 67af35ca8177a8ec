import { z } from 'zod'
import { LATEST } from '../domain/instant.ts'
import { invalid } from '../domain/refusals.ts'
import { queryInteger } from './schemas.ts'

/** `limit` and `cursor` of a list. */
export const pageQuery = {
  limit: queryInteger(1, 100).default(20).describe('Items per page.'),
  cursor: z
    .string()
    .max(300)
    .meta({ pattern: '^[A-Za-z0-9_-]+$' })
    .optional()
    .describe('`nextCursor` of the previous page.'),
}

/** The position of an item in a list by time. */
export const timePosition = z.strictObject({ at: z.int().min(0).max(LATEST), id: z.uuid() })
export type TimePosition = z.output<typeof timePosition>

/** A page of a list: `items`, and `nextCursor` or null at the end. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() })
}

/** Decodes a cursor into its position. Throws 400 if this service did not make it. */
export function positionOf<Position>(cursor: string | undefined, schema: z.ZodType<Position>): Position | null {
  if (cursor === undefined) return null
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw invalid('cursor', {
      en: 'is not one that this service gave',
      fr: 'n’est pas un curseur donné par ce service',
    })
  }
}

/** Makes a page of `limit` items from up to `limit` + 1; the position of the last item becomes the cursor. */
export function page<Item>(
  found: Item[],
  limit: number,
  position: (item: Item) => unknown,
): { items: Item[]; nextCursor: string | null } {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  const more = found.length > limit && last !== undefined
  return { items, nextCursor: more ? Buffer.from(JSON.stringify(position(last))).toString('base64url') : null }
}
