import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { noSuch } from '../../domain/named.ts'
import { professionalOf } from '../../http/caller.ts'
import { operatorOf } from '../../http/effects.ts'
import { ledgerEntry } from '../../http/entry-schema.ts'
import { page, pageOf, pageQuery, positionOf, timePosition } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { requireSelf } from '../../http/readable.ts'
import { professional } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { recordAccess } from '../../store/accesses.ts'
import { type EntryRow, entryView } from '../../store/entries.ts'
import { findPersonInRemit } from '../../store/remit.ts'
import { readHistoryInRemit, readOwnHistory } from './queries.ts'

const positionIn = ({ recordedAt, id }: EntryRow) => ({ at: recordedAt, id })

const hashesAlone = ledgerEntry.pick({ sequence: true, entryHash: true, previousHash: true, flags: true }).meta({
  id: 'EntryOutsideRemit',
  description: 'Outside the regulator’s remit: only what proves that the history is complete.',
})

/** What a professional received, everywhere. */
export async function historyRoutes(app: App, deps: Deps): Promise<void> {
  ownRoute(app, deps)
  namedRoute(app, deps)
}

function ownRoute(app: App, { db: { audits: db } }: Deps): void {
  app.get(
    '/v1/professionals/me/history',
    {
      config: { policy: { scope: 'dispensations:read', professional: 'self' } },
      schema: {
        operationId: 'readOwnHistory',
        tags: ['history'],
        summary: 'Read your own history, newest first',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(ledgerEntry), ...problems(401, 403) },
      },
    },
    async ({ caller, query }) => ownHistory(db, professionalOf(caller), query),
  )
}

function namedRoute(app: App, { db: { audits: db } }: Deps): void {
  app.get(
    '/v1/professionals/:id/history',
    {
      config: { policy: { scope: 'dispensations:read', professional: 'own', regulator: 'remit' } },
      schema: {
        operationId: 'readHistory',
        tags: ['history'],
        summary: 'Read a professional’s history, newest first',
        description:
          'Professionals may read their own. Each reading by a regulator, and each attempt, is recorded before it is answered; of entries outside its remit only the hashes are shown.',
        params: z.strictObject({ id: professional }),
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(z.union([ledgerEntry, hashesAlone])), ...problems(401, 403, 404) },
      },
    },
    async (request) => {
      const { caller, params, query } = request
      if (caller.role === 'professional') {
        await requireSelf(db, caller, params.id)
        return ownHistory(db, params.id, query)
      }
      const before = positionOf(query.cursor, timePosition)
      const person = await findPersonInRemit(db, caller, params.id)
      const outcome = person?.inRemit ? 'shown' : 'not_found'
      await recordAccess(db, { kind: 'history', reader: caller, outcome, operator: operatorOf(request) }, [
        person?.personId ?? null,
      ])
      if (!person?.inRemit) throw noSuch('professional in remit')
      const found = await readHistoryInRemit(db, caller, params.id, before, query.limit + 1)
      const { items, nextCursor } = page(found, query.limit, positionIn)
      return { items: items.map((entry) => (entry.inRemit ? entryView(entry) : hashesOf(entry))), nextCursor }
    },
  )
}

async function ownHistory(db: Queryable, identifier: string, query: { cursor?: string | undefined; limit: number }) {
  const found = await readOwnHistory(db, identifier, positionOf(query.cursor, timePosition), query.limit + 1)
  const { items, nextCursor } = page(found, query.limit, positionIn)
  return { items: items.map(entryView), nextCursor }
}

function hashesOf({ seq, entryHash, previousHash, flags }: EntryRow) {
  return { sequence: seq, entryHash, previousHash, flags }
}
