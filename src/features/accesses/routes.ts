import { z } from 'zod'
import { iso } from '../../domain/instant.ts'
import { professionalOf } from '../../http/caller.ts'
import { operatorOf } from '../../http/effects.ts'
import { page, pageOf, pageQuery, positionOf, timePosition } from '../../http/pages.ts'
import { instant, problems, professional, text, time, uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { accessKinds, recordAccess } from '../../store/accesses.ts'
import { findPersonInRemit } from '../../store/remit.ts'
import { type AccessRow, listAccesses, listOwnAccesses } from './queries.ts'

const access = z
  .object({
    id: uuid,
    at: time,
    kind: z.enum(accessKinds).describe('What was read.'),
    reader: z.object({
      role: z.string(),
      subject: z.string().optional().describe('The name in the reader’s token.'),
    }),
    pharmacy: z.string().optional().describe('Where somebody asked at a counter.'),
    operator: z.string().optional().describe('The reader’s own pseudonym for the person who asked.'),
    outcome: z.string().describe('`shown`, `not_found`, `allow`, or the code of a refusal.'),
  })
  .meta({ id: 'Access' })

const accessInRemit = access
  .extend({ professional: z.string().nullable().describe('The number it goes by now; null outside the remit.') })
  .meta({ id: 'AccessInRemit' })

const description = `Your own accesses and attempts are always among them, with \`professional\` null where it is outside your
remit. A professional is in the remit by the territory of its practice, or by an entry whose frozen territories lie in it.
With \`professional\` the list is about one person: the reading is itself recorded, and the answer for a person outside the
remit is empty, as for nobody. Without it the reading is not recorded: a log that grew by every reading of itself would
bury what it is kept for.`

const auditQuery = z.strictObject({
  ...pageQuery,
  from: instant.optional().describe('Inclusive.'),
  to: instant.optional().describe('Exclusive.'),
  professional: professional.optional(),
  reader: text(255).optional().describe('The name in the reader’s token.'),
  kind: z.enum(accessKinds).optional(),
})

/** Who read whose data, when, as what. */
export async function accessRoutes(app: App, deps: Deps): Promise<void> {
  ownRoute(app, deps)
  auditRoute(app, deps)
}

function ownRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/accesses/me',
    {
      config: { policy: { scope: 'audit:read', professional: 'self' } },
      schema: {
        operationId: 'listOwnAccesses',
        tags: ['history'],
        summary: 'Read who looked at your data, newest first',
        description:
          'Attempts that were answered as not found are among them. Of a regulator its name is shown; of a pharmacy its FINESS number, but not the name of its till or software; in both cases the pseudonym that they gave for the person who asked, if any.',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(access), ...problems(401, 403) },
      },
    },
    async ({ caller, query }) => {
      const before = positionOf(query.cursor, timePosition)
      const found = await listOwnAccesses(db.orm, professionalOf(caller), { before, limit: query.limit + 1 })
      const { items, nextCursor } = page(found, query.limit, positionIn)
      return { items: items.map((item) => view(item, item.role === 'regulator')), nextCursor }
    },
  )
}

function auditRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/audit/accesses',
    {
      config: { policy: { scope: 'audit:read', regulator: 'listed' } },
      schema: {
        operationId: 'listAccesses',
        tags: ['audit'],
        summary: 'Read who looked at the data of professionals in your remit, newest first',
        description,
        querystring: auditQuery,
        response: { 200: pageOf(accessInRemit), ...problems(401, 403) },
      },
    },
    async (request) => {
      const { caller, query } = request
      const { from, to, professional: named, reader, kind, limit } = query
      const before = positionOf(query.cursor, timePosition)
      const person = named === undefined ? undefined : await findPersonInRemit(db.orm, caller, named)
      if (named !== undefined) {
        const outcome = person?.inRemit ? 'shown' : 'not_found'
        await recordAccess(db.orm, { kind: 'accesses', reader: caller, outcome, operator: operatorOf(request) }, [
          person?.personId ?? null,
        ])
        if (!person?.inRemit) return { items: [], nextCursor: null }
      }
      const filter = { from, to, personId: person?.personId, reader, kind, before, limit: limit + 1 }
      const found = page(await listAccesses(db.orm, caller, filter), limit, positionIn)
      return {
        ...found,
        items: found.items.map((item) => ({ ...view(item, true), professional: item.professional })),
      }
    },
  )
}

const positionIn = ({ at, id }: AccessRow) => ({ at, id })

function view({ at, role, reader, pharmacy, operator, ...item }: AccessRow, withSubject: boolean) {
  return {
    id: item.id,
    at: iso(at),
    kind: item.kind,
    reader: { role, ...(withSubject && { subject: reader }) },
    ...(pharmacy !== null && { pharmacy }),
    ...(operator !== null && { operator }),
    outcome: item.outcome,
  }
}
