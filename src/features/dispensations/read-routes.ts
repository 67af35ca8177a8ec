import { noSuch } from '../../domain/named.ts'
import type { Rejection } from '../../domain/refusals.ts'
import { operatorHeader } from '../../http/effects.ts'
import { ledgerEntry } from '../../http/entry-schema.ts'
import { requireOwnOperators } from '../../http/list-filters.ts'
import { page, pageOf, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { readingOf } from '../../http/readings.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { orAskForLess } from '../../http/too-heavy.ts'
import { recordAccess } from '../../store/accesses.ts'
import { entryView } from '../../store/entries.ts'
import { findEntry, listEntries } from './queries.ts'
import { entryParams, listQuery } from './schema.ts'

/** The entries that hand-overs have left, for whoever may see them. */
export function readRoutes(app: App, deps: Deps): void {
  listRoute(app, deps)
  readRoute(app, deps)
}

function listRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/dispensations',
    {
      config: {
        policy: { scope: 'dispensations:read', pharmacy: 'acting', professional: 'listed', regulator: 'listed' },
      },
      schema: {
        operationId: 'listDispensations',
        tags: ['dispensations'],
        summary: 'List dispensations and reversals, newest first',
        description: 'What a pharmacy or a regulator reads is recorded as an access, before it is answered.',
        headers: operatorHeader,
        querystring: listQuery,
        response: { 200: pageOf(ledgerEntry), ...problems(401, 403) },
      },
    },
    async (request) => {
      const { caller } = request
      const { limit, cursor, ...filter } = request.query
      requireOwnOperators(caller, filter)
      const pharmacy = caller.role === 'pharmacy' ? request.pharmacy : filter.pharmacy
      const before = positionOf(cursor, uuid)
      const reading = readingOf(request, 'dispensation')
      const atCounter = caller.role === 'pharmacy' && reading ? { ...reading, pharmacy } : undefined
      const from = caller.role === 'regulator' ? db.audits : db
      const read = await orAskForLess(
        () => listEntries(from, caller, { ...filter, pharmacy }, { before, limit }, atCounter),
        {
          en: 'name a `pharmacy`, or ask GET /v1/audit/dispensations',
          fr: 'nommez une `pharmacy`, ou demandez GET /v1/audit/dispensations',
        },
      )
      const found = page(read, limit, ({ id }) => id)
      if (caller.role === 'regulator' && reading) {
        // A row per person, so that each authority can see who looked at whom in its remit.
        const persons = [...new Set(found.items.map(({ personId }) => personId))]
        await recordAccess(from, { ...reading, outcome: 'shown' }, persons)
      }
      return { ...found, items: found.items.map(entryView) }
    },
  )
}

function readRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/dispensations/:id',
    {
      config: { policy: { scope: 'dispensations:read', pharmacy: 'own', professional: 'own', regulator: 'remit' } },
      schema: {
        operationId: 'readDispensation',
        tags: ['dispensations'],
        summary: 'Read a dispensation or reversal',
        description: 'Each reading by a pharmacy or a regulator, and each attempt, is recorded before it is answered.',
        headers: operatorHeader,
        params: entryParams,
        response: { 200: ledgerEntry, ...problems(401, 403, 404) },
      },
    },
    async (request) => {
      const { caller, params } = request
      const found = await findEntry(db, caller, params.id, readingOf(request, 'dispensation'))
      if (!found) throw notFound()
      return entryView(found)
    },
  )
}

/** There is none, or it is somebody else's. */
export function notFound(): Rejection {
  return noSuch('dispensation')
}
