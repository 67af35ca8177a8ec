import { effect, writeHeaders } from '../../http/effects.ts'
import { page, pageOf, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { readingOf } from '../../http/readings.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { recordListReading } from '../../store/accesses.ts'
import { decide } from './decide.ts'
import { listDoubts } from './queries.ts'
import { decisionBody, doubt, doubtParams, listedDoubt, listQuery } from './schema.ts'

/** Whether two people of the directory are one, as an issuer's login says: for admins to decide. */
export async function identityDoubtRoutes(app: App, deps: Deps): Promise<void> {
  listRoute(app, deps)
  decisionRoute(app, deps)
}

function listRoute(app: App, { db: { audits: db } }: Deps): void {
  app.get(
    '/v1/identity-doubts',
    {
      config: { policy: { scope: 'directory:write', admin: 'any' } },
      schema: {
        operationId: 'listIdentityDoubts',
        tags: ['reference data'],
        summary: 'List doubts about who is who, newest first',
        description:
          'A login at an issuer named numbers that the directory has as those of several people. Until somebody decides, what each of them received and holds counts for both. Reading the list is recorded as an access to everybody named.',
        querystring: listQuery,
        response: { 200: pageOf(listedDoubt), ...problems(401, 403) },
      },
    },
    async (request) => {
      const { decision, limit, cursor } = request.query
      const reading = readingOf(request, 'professional')
      if (!reading) throw new Error('an admin reads others’ data')
      const found = await listDoubts(db, { decision, before: positionOf(cursor, uuid), limit: limit + 1 })
      const { items, nextCursor } = page(found, limit, ({ id }) => id)
      const persons = items.flatMap(({ personIds }) => personIds)
      await recordListReading(db, reading, persons)
      return { items: items.map(({ personIds: _, ...each }) => each), nextCursor }
    },
  )
}

function decisionRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/identity-doubts/:id/decision',
    {
      config: { policy: { scope: 'directory:write', admin: 'any' } },
      schema: {
        operationId: 'decideIdentityDoubt',
        tags: ['reference data'],
        summary: 'Decide that two people are distinct',
        description:
          'From then on each has a share of their own again. What was handed over before stays as it was judged. Neither the same login nor another opens the doubt again; a merge is possible all the same. If the two are one person, merge them instead, which decides the doubt: 409 `identity_decided` here from then on.',
        params: doubtParams,
        headers: writeHeaders,
        body: decisionBody,
        response: { 200: doubt, ...problems(401, 403, 404, 'identity_decided', 413, 415, 422) },
      },
    },
    (request, reply) => effect(request, reply, { db }, (tx) => decide(tx, request.params.id, request.body)),
  )
}
