import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Text } from '../../domain/language.ts'
import { invalid } from '../../domain/refusals.ts'
import { type Caller, pharmacyFor } from '../../http/caller.ts'
import { operatorHeader, operatorOf } from '../../http/effects.ts'
import { eventReaderOf } from '../../http/event-reader.ts'
import { limitFollowers } from '../../http/followers.ts'
import { varyBy } from '../../http/language.ts'
import { preferredType } from '../../http/media-types.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps, Pace } from '../../http/service.ts'
import { logEvents, readLogEnds } from '../../store/event-log.ts'
import { type EventReader, type FoundEvents, readEvents } from '../../store/events.ts'
import { follow } from './follow.ts'
import { cursorOf, placeAfter, requireKept } from './places.ts'
import { type EventsQuery, eventPage, eventsQuery } from './schema.ts'
import { type LogWatch, watchLog } from './watch-log.ts'

const PAGE_ITEMS = 20
const MOST_ITEMS = 100
const PACE: Pace = { lookEveryMs: 500, checkEveryMs: 2_000 }
const TYPES = ['application/json', 'text/event-stream'] as const

const description = `Only events on what the caller may read otherwise, by its rights at the moment of the answer; a machine’s token also needs the scope that reads the thing. Those of a pharmacy come in the order in which they happened there; all come at least once, and an event that comes again has the same \`id\`. They are kept for 30 days, or as the operator says: reading on from before is 410 \`events_gone\`. What is about professionals is recorded as an access to their data when a pharmacy or a regulator reads it.

By \`Accept\`:

- \`application/json\`: a page, and \`nextCursor\` for the next \`after\`.
- \`text/event-stream\`: every event as it happens, its JSON as \`data\`, its type as \`event\`; a comment at least every 15 seconds. To come again, send the last \`id\` as \`Last-Event-ID\` (or \`after\`). It ends when the token does, or the right to read. A caller may follow 10 streams.`

const headers = operatorHeader.extend({
  'last-event-id': z.string().max(100).optional().describe('For a stream: where to read on, instead of `after`.'),
})

/** What happened, for those who follow it. */
export async function eventRoutes(app: App, { db, pace = PACE }: Deps): Promise<void> {
  limitFollowers(app)
  const watch = watchLog(db, pace.lookEveryMs)
  app.addHook('onClose', () => watch.stop())
  app.get(
    '/v1/events',
    {
      config: { policy: { scope: null, pharmacy: 'listed', professional: 'listed', regulator: 'listed' } },
      exposeHeadRoute: false, // It would follow without end.
      schema: {
        operationId: 'listEvents',
        tags: ['events'],
        summary: 'Read what happened, oldest first, or follow it',
        description,
        headers,
        querystring: eventsQuery,
        response: {
          200: {
            description: 'The events.',
            content: { 'application/json': { schema: eventPage }, 'text/event-stream': { schema: z.string() } },
          },
          ...problems(401, 403, 'events_gone'),
        },
      },
    },
    async (request, reply) => {
      varyBy(reply, 'Accept')
      const type = preferredType(request, TYPES)
      const read = readingOf(db, request)
      await logEvents(db)
      if (type === 'text/event-stream')
        return showStream(app, { db, watch, read, checkEveryMs: pace.checkEveryMs }, request, reply)
      const { query } = request
      const after = await placeAfter(db, query.after)
      const page = await read(readerFor(request.caller, query), after, query.limit ?? PAGE_ITEMS)
      requireKept(after, page.gone)
      return { items: page.found.map(({ event }) => event), nextCursor: cursorOf(page.place) }
    },
  )
}

type Read = (reader: EventReader, after: number, limit: number) => Promise<FoundEvents>

function readingOf(db: Deps['db'], request: FastifyRequest): Read {
  const { type: types, pharmacy } = request.query as EventsQuery
  const reading = { reader: request.caller, operator: operatorOf(request) }
  return (reader, after, limit) => readEvents(db, reader, { types, pharmacy }, { after, limit }, reading)
}

async function showStream(
  app: App,
  { db, watch, read, checkEveryMs }: { db: Deps['db']; watch: LogWatch; read: Read; checkEveryMs: number },
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const query = request.query as EventsQuery
  if (query.limit !== undefined) throw invalid('limit', forPagesAlone)
  readerFor(request.caller, query)
  const last = request.headers['last-event-id']
  const after = await placeAfter(db, typeof last === 'string' && last !== '' ? last : query.after)
  requireKept(after, (await readLogEnds(db)).gone)
  const stream = app.follow(request, reply, async function* (gone) {
    const leave = watch.join()
    const reader = async () => readerFor(await app.callerNow(request), query)
    try {
      yield* follow({ watch, reader, read: (by, place) => read(by, place, MOST_ITEMS), gone, checkEveryMs }, after)
    } finally {
      leave()
    }
  })
  return reply
    .type('text/event-stream; charset=utf-8')
    .header('connection', 'close') // Kept alive, it would keep a service that stops from its end for a minute.
    .header('x-accel-buffering', 'no')
    .send(stream)
}

/** Whom events are read for. Throws 403 for a pharmacy that the caller does not act for. */
function readerFor(caller: Caller, { pharmacy }: EventsQuery): EventReader {
  const reader = eventReaderOf(caller)
  if (reader.role !== 'pharmacy' || pharmacy === undefined) return reader
  return { ...reader, pharmacies: [pharmacyFor(caller, pharmacy)] }
}

const forPagesAlone: Text = {
  en: 'belongs to pages of JSON: a stream has no end',
  fr: 'ne vaut que pour les pages JSON : un flux n’a pas de fin',
}
