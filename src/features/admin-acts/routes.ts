import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { iso } from '../../domain/instant.ts'
import type { Caller } from '../../http/caller.ts'
import { page, pageOf, pageQuery, positionOf, timePosition } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { readingOf } from '../../http/readings.ts'
import { instant, professional, text, time, uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { type Reading, recordAccess, recordListReading } from '../../store/accesses.ts'
import { findPersonInRemit } from '../../store/remit.ts'
import { type AdminAct, kinds, listActs } from './queries.ts'

const state = z.record(z.string(), z.unknown()).nullable()

const adminAct = z
  .object({
    id: uuid,
    at: time,
    by: z.object({
      role: z
        .string()
        .describe(
          'The caller’s role, or `command`, `job`, `issuer`, or `database` for whoever changed the tables by hand.',
        ),
      name: z.string().describe('The caller’s subject, the operator of a command, or a login of the database.'),
    }),
    address: z.string().nullable().describe('The caller’s address, or the host on which a command ran.'),
    act: z.string().describe('The operation’s id in this document, the command or the job.'),
    object: z.object({
      kind: z.enum(kinds),
      id: z
        .string()
        .describe('FINESS number, code, GTIN or id; of a professional or a number, the person’s surrogate.'),
    }),
    before: state.describe('Null if it was not there.'),
    after: state.describe('Null if it is there no more.'),
    withheld: z.array(z.string()).describe('What has changed too and is not shown: numbers, names, secrets.'),
  })
  .meta({ id: 'AdminAct', description: 'Something that was done to what is administered; it is never changed.' })

/** Who changed what is administered. */
export async function adminActRoutes(app: App, { db: { audits: db } }: Deps): Promise<void> {
  app.get(
    '/v1/audit/admin-acts',
    {
      config: { isHeavy: true, policy: { scope: 'audit:read', regulator: 'listed' } },
      schema: {
        operationId: 'listAdminActs',
        tags: ['audit'],
        summary: 'Read who changed what is administered, newest first',
        description:
          'The directory, pharmacies’ own notices, the catalogue, rules, clients, grants and revoked tokens, in your territories and professions as they were before or after; what belongs to no territory is for regulators of a whole country. Changes by commands, by jobs and by hand in the database are included. Reading about professionals is recorded as an access to them.',
        querystring: z.strictObject({
          ...pageQuery,
          from: instant.optional().describe('Inclusive.'),
          to: instant.optional().describe('Exclusive.'),
          kind: z.enum(kinds).optional(),
          object: text(64).optional().describe('The id of one object.'),
          professional: professional.optional().describe('Acts on one person’s records and numbers.'),
        }),
        response: { 200: pageOf(adminAct), ...problems(401, 403) },
      },
    },
    async (request) => {
      const { caller, query } = request
      const before = positionOf(query.cursor, timePosition)
      const found = await listActs(db, caller, { ...query, before, limit: query.limit + 1 })
      const { items, nextCursor } = page(found, query.limit, ({ at, id }) => ({ at, id }))
      const reading = readingOf(request, 'professional')
      if (reading) await recordReading(db, { ...reading, reader: caller }, items, query.professional)
      return { items: items.map(view), nextCursor }
    },
  )
}

async function recordReading(
  db: Queryable,
  reading: Reading & { reader: Caller },
  items: AdminAct[],
  named?: string,
): Promise<void> {
  const persons = items.flatMap(personsIn)
  await recordListReading(db, reading, persons)
  if (named === undefined || persons.length > 0) return
  const person = await findPersonInRemit(db, reading.reader, named)
  await recordAccess(db, { ...reading, outcome: 'not_found' }, [person?.personId ?? null])
}

/** Whom an act is about, by surrogate. */
function personsIn({ kind, object, before, after }: AdminAct): string[] {
  if (kind === 'professional' || kind === 'number') return [object]
  if (kind !== 'doubt') return []
  const doubt = after ?? before
  return [doubt?.one_id, doubt?.other_id].filter((id) => typeof id === 'string')
}

function view({ at, role, name, kind, object, before, after, ...act }: AdminAct) {
  return {
    ...act,
    at: iso(at),
    by: { role, name },
    object: { kind, id: object },
    before: before && named(before),
    after: after && named(after),
  }
}

/** Columns under the names that members have in answers. */
function named(columns: Record<string, unknown>): Record<string, unknown> {
  const member = (column: string) => column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(Object.entries(columns).map(([column, value]) => [member(column), value]))
}
