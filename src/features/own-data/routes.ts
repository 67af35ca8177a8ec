import { Readable } from 'node:stream'
import { z } from 'zod'
import type { Text } from '../../domain/language.ts'
import { Rejection } from '../../domain/refusals.ts'
import { professionalOf } from '../../http/caller.ts'
import { controllerOf } from '../../http/controller.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import { exportOwnData } from './export.ts'
import { ownData } from './schema.ts'

const unknownHere: Text = { en: 'The directory does not know you.', fr: 'L’annuaire ne vous connaît pas.' }

/** What is kept about the caller. */
export async function ownDataRoutes(app: App, { db, config }: Deps): Promise<void> {
  const about = {
    controller: controllerOf(config),
    retention: {
      ledgerDays: config.LEDGER_RETENTION_DAYS,
      nameDays: config.NAME_RETENTION_DAYS,
      accessDays: config.ACCESS_RETENTION_DAYS,
      refusalDays: config.REFUSAL_RETENTION_DAYS,
      reservationDays: config.RESERVATION_RETENTION_DAYS,
      eventDays: config.EVENT_RETENTION_DAYS,
    },
  }
  app.get(
    '/v1/professionals/me/data',
    {
      config: {
        isHeavy: true,
        sends: ['Content-Disposition'],
        policy: { scope: 'dispensations:read', professional: 'self' },
      },
      exposeHeadRoute: false, // HEAD would read everything and throw it away.
      schema: {
        operationId: 'readOwnData',
        tags: ['history'],
        summary: 'Download all that is kept about you',
        description:
          'The record in the directory with all numbers; every entry of the ledger, with how it was judged and what proves it; reservations, refusals, and who read any of it; how long it is kept, and who answers for it (GDPR, articles 15 and 20). It covers all merged records. What only repeats this is left out: answers kept for retries, events, the ends of the chains. An answer that breaks off is incomplete.',
        querystring: z.strictObject({}),
        response: {
          200: { description: 'All of it.', content: { 'application/json': { schema: ownData } } },
          ...problems(401, 403, 404),
        },
      },
    },
    async (request, reply) => {
      const professional = professionalOf(request.caller)
      const stream = await app.exportOwn(request, reply, async (gone) => {
        const pieces = await exportOwnData(db.auditsUntil(gone), professional, about)
        if (!pieces) throw new Rejection('not_found', unknownHere)
        // One piece ahead of the reader, so that a slow one keeps no more in memory.
        return Readable.from(pieces, { highWaterMark: 1 })
      })
      reply.header('content-disposition', 'attachment; filename="gomask-data.json"').header('cache-control', 'no-store')
      return reply.type('application/json; charset=utf-8').send(stream as never)
    },
  )
}
