import { z } from 'zod'
import { Problem } from '../../domain/problems.ts'
import { professionalOf } from '../../http/caller.ts'
import { operatorOf } from '../../http/effects.ts'
import { ledgerEntry } from '../../http/entry-schema.ts'
import { page, pageOf, pageQuery, positionOf } from '../../http/pages.ts'
import { problems, professional } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { recordAccess } from '../../store/accesses.ts'
import { type EntryRow, entryView } from '../../store/entries.ts'
import { findPersonInRemit } from '../../store/remit.ts'
import { position, readHistoryInRemit, readOwnHistory } from './queries.ts'

const positionIn = ({ recordedAt, id }: EntryRow) => ({ at: recordedAt, id })

const hashesAlone = ledgerEntry
  .pick({ sequence: true, entryHash: true, previousHash: true })
  .extend({ flags: z.array(z.string()) })
  .meta({
    id: 'EntryOutsideRemit',
    description: 'Outside the regulator’s remit: what proves that the history is whole.',
  })

/** What a professional received, everywhere. */
export async function historyRoutes(app: App, deps: Deps): Promise<void> {
  ownRoute(app, deps)
  regulatorRoute(app, deps)
}

function ownRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/professionals/me/history',
    {
      config: { policy: ['professional'] },
      schema: {
        operationId: 'readOwnHistory',
        tags: ['history'],
        summary: 'Read your own history, newest first',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(ledgerEntry), ...problems(401, 403) },
      },
    },
    async ({ caller, query }) => {
      const before = positionOf(query.cursor, position)
      const found = await readOwnHistory(db.orm, professionalOf(caller), before, query.limit + 1)
      const { items, nextCursor } = page(found, query.limit, positionIn)
      return { items: items.map(entryView), nextCursor }
    },
  )
}

function regulatorRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/professionals/:id/history',
    {
      config: { policy: ['regulator'] },
      schema: {
        operationId: 'readHistory',
        tags: ['history'],
        summary: 'Read a professional’s history, newest first',
        description:
          'Each reading, and each attempt, is recorded before it is answered. Of entries outside the remit only the hashes are shown.',
        params: z.strictObject({ id: professional }),
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(z.union([ledgerEntry, hashesAlone])), ...problems(401, 403, 404) },
      },
    },
    async (request) => {
      const { caller, params, query } = request
      const before = positionOf(query.cursor, position)
      const person = await findPersonInRemit(db.orm, caller, params.id)
      const outcome = person?.inRemit ? 'shown' : 'not_found'
      await recordAccess(db.orm, { kind: 'history', reader: caller, outcome, operator: operatorOf(request) }, [
        person?.personId ?? null,
      ])
      if (!person?.inRemit) throw new Problem('not_found', 'There is no such professional in your remit.')
      const found = await readHistoryInRemit(db.orm, caller, params.id, before, query.limit + 1)
      const { items, nextCursor } = page(found, query.limit, positionIn)
      return { items: items.map((entry) => (entry.inRemit ? entryView(entry) : hashesOf(entry))), nextCursor }
    },
  )
}

function hashesOf({ seq, entryHash, previousHash, flags }: EntryRow) {
  return { sequence: seq, entryHash, previousHash, flags }
}
