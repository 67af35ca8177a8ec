import { z } from 'zod'
import { access, accessView, ownAccessView } from '../../http/access-schema.ts'
import { professionalOf } from '../../http/caller.ts'
import { operatorOf } from '../../http/effects.ts'
import { page, pageOf, pageQuery, positionOf, timePosition } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { instant, professional, text } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { orAskForLess } from '../../http/too-heavy.ts'
import { accessKinds, recordAccess, recordListReading } from '../../store/accesses.ts'
import { type AccessRow, listOwnAccesses } from '../../store/own-accesses.ts'
import { findPersonInRemit } from '../../store/remit.ts'
import { listAccesses } from './queries.ts'

const accessInRemit = access
  .extend({ professional: z.string().nullable().describe('The person’s present number; null outside the remit.') })
  .meta({ id: 'AccessInRemit' })

const description = `Your own accesses and attempts are always included, with \`professional\` null if outside your remit. A
professional is in the remit by the territory of the practice, or by an entry whose frozen territories are in it. With
\`professional\` the list is about one person; for a person outside the remit it is empty, as for nobody. A list read by a
pharmacy is one access, in the remit in which the pharmacy is, with \`professional\` null unless you ask about one person.
Reading this list is itself recorded: without \`professional\` as one access to everybody named, which is shown only with
\`kind=accesses\`, since a log that showed every reading of itself would bury what it is kept for.`

const auditQuery = z.strictObject({
  ...pageQuery,
  from: instant.optional().describe('Inclusive.'),
  to: instant.optional().describe('Exclusive.'),
  professional: professional.optional(),
  reader: text(255).optional().describe('The name in the reader’s token.'),
  kind: z.enum(accessKinds).optional(),
})

/** Who read whose data, when, and in what role. */
export async function accessRoutes(app: App, deps: Deps): Promise<void> {
  ownRoute(app, deps)
  auditRoute(app, deps)
}

function ownRoute(app: App, { db: { audits: db } }: Deps): void {
  app.get(
    '/v1/accesses/me',
    {
      config: { policy: { scope: 'audit:read', professional: 'self' } },
      schema: {
        operationId: 'listOwnAccesses',
        tags: ['history'],
        summary: 'Read who looked at your data, newest first',
        description:
          'They include attempts that were answered as not found, and hand-overs refused to a pharmacy, since the refusal says what is left. A regulator is shown by name, a pharmacy by its FINESS number and not by the name of its till or software; both with the pseudonym that they gave for the person who asked, if any.',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(access), ...problems(401, 403) },
      },
    },
    async ({ caller, query }) => {
      const before = positionOf(query.cursor, timePosition)
      const found = await listOwnAccesses(db, professionalOf(caller), { before, limit: query.limit + 1 })
      const { items, nextCursor } = page(found, query.limit, positionIn)
      return { items: items.map(ownAccessView), nextCursor }
    },
  )
}

function auditRoute(app: App, { db: { audits: db } }: Deps): void {
  app.get(
    '/v1/audit/accesses',
    {
      config: { isHeavy: true, policy: { scope: 'audit:read', regulator: 'listed' } },
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
      const reading = { kind: 'accesses' as const, reader: caller, operator: operatorOf(request) }
      const person = named === undefined ? undefined : await findPersonInRemit(db, caller, named)
      if (named !== undefined) {
        const outcome = person?.inRemit ? 'shown' : 'not_found'
        await recordAccess(db, { ...reading, outcome }, [person?.personId ?? null])
        if (!person?.inRemit) return { items: [], nextCursor: null }
      }
      const filter = { from, to, personId: person?.personId, reader, kind, before, limit: limit + 1 }
      const found = page(
        await orAskForLess(() => listAccesses(db, caller, filter), {
          en: 'name a `professional` or a `reader`, or less time between `from` and `to`',
          fr: 'nommez un `professional` ou un `reader`, ou moins de temps entre `from` et `to`',
        }),
        limit,
        positionIn,
      )
      const shown = found.items.flatMap(({ personId }) => personId ?? [])
      if (named === undefined) await recordListReading(db, reading, shown)
      return {
        ...found,
        items: found.items.map((item) => ({ ...accessView(item, true), professional: item.professional })),
      }
    },
  )
}

const positionIn = ({ at, id }: AccessRow) => ({ at, id })
