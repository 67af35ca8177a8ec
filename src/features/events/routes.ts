import type { FastifyRequest } from 'fastify'
import { pharmacyFor } from '../../http/caller.ts'
import { operatorHeader, operatorOf } from '../../http/effects.ts'
import { eventReaderOf } from '../../http/event-reader.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import { logEvents } from '../../store/event-log.ts'
import { type EventReader, readEvents } from '../../store/events.ts'
import { cursorOf, placeAfter, requireKept } from './places.ts'
import { eventPage, eventsQuery } from './schema.ts'

/** What happened, for those who follow it. */
export async function eventRoutes(app: App, { db }: Deps): Promise<void> {
  app.get(
    '/v1/events',
    {
      config: { policy: { scope: null, pharmacy: 'listed', professional: 'listed', regulator: 'listed' } },
      schema: {
        operationId: 'listEvents',
        tags: ['events'],
        summary: 'Read what happened, oldest first',
        headers: operatorHeader,
        querystring: eventsQuery,
        response: { 200: eventPage, ...problems(401, 403, 'events_gone') },
      },
    },
    async (request) => {
      const { after: asked, limit, type: types, pharmacy } = request.query
      const reader = readerFor(request, pharmacy)
      await logEvents(db)
      const after = await placeAfter(db, asked)
      const page = await readEvents(db, reader, { types, pharmacy }, { after, limit }, readingFor(request))
      requireKept(after, page.gone)
      return { items: page.found.map(({ event }) => event), nextCursor: cursorOf(page.place) }
    },
  )
}

/** Whom events are read for. Throws 403 for a pharmacy that the caller does not act for. */
function readerFor({ caller }: FastifyRequest, pharmacy: string | undefined): EventReader {
  const reader = eventReaderOf(caller)
  if (reader.role !== 'pharmacy' || pharmacy === undefined) return reader
  return { ...reader, pharmacies: [pharmacyFor(caller, pharmacy)] }
}

function readingFor(request: FastifyRequest) {
  return { reader: request.caller, operator: operatorOf(request) }
}
