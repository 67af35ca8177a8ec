import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Text } from '../../domain/language.ts'
import { invalid } from '../../domain/refusals.ts'
import { operatorOf } from '../../http/effects.ts'
import { varyBy } from '../../http/language.ts'
import { preferredType } from '../../http/media-types.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { readAged } from '../../http/replica.ts'
import type { App, Deps } from '../../http/service.ts'
import { orAskForLess } from '../../http/too-heavy.ts'
import { recordAccess, recordExport } from '../../store/accesses.ts'
import { anomaliesRoute } from './anomalies-route.ts'
import { type ExportType, exportEntries } from './export-entries.ts'
import { auditedView, listEntries, position } from './list-entries.ts'
import { auditedPage, type SelectionQuery, selectionQuery } from './schema.ts'
import { type Asked, readSelection } from './selection.ts'
import { summaryRoute } from './summary-route.ts'

const PAGE_ITEMS = 20
const TYPES = ['application/json', 'text/csv', 'application/x-ndjson'] as const

const description = `Within the remit, by the territories and the profession frozen in each entry. By \`Accept\`:

- \`application/json\` (also for \`*/*\` and any type not named here): pages, newest hand-over first. Each person shown is recorded as read.
- \`text/csv\` and \`application/x-ndjson\`: the whole selection as a stream, oldest hand-over first, one row for each line of an entry; \`limit\` and \`cursor\` are refused. It is recorded with its selection before its first byte, and everybody in it finds it among the accesses to their history. In CSV every value is quoted and only what is null is empty, and no spreadsheet finds a formula: an apostrophe is put at the start of a cell, and after each comma, semicolon, tab or line break within it, wherever \`= + - @ ＝ ＋ － ＠\` (blanks and quotation marks skipped), a tab, a carriage return or an apostrophe follows. To have a value back, take away one apostrophe in each such place, if there is one: replace \`(^|[,;\\t\\r\\n])'\` by its first group. In NDJSON the values are unchanged. At most two exports run at a time in a process, bundles included, and one of each caller; a reader that takes in less than 512 kB in 30 seconds is cut off, and a transfer that breaks off is incomplete: ask again.`

/** What regulators ask of the ledger: selections, totals, anomalies. */
export async function auditRoutes(app: App, deps: Deps): Promise<void> {
  selectionRoute(app, deps)
  summaryRoute(app, deps)
  anomaliesRoute(app, deps)
}

function selectionRoute(app: App, deps: Deps): void {
  app.get(
    '/v1/audit/dispensations',
    {
      config: { isHeavy: true, sends: ['Age'], policy: { scope: 'audit:read', regulator: 'listed' } },
      exposeHeadRoute: false, // It would run the whole export and throw it away.
      schema: {
        operationId: 'auditDispensations',
        tags: ['audit'],
        summary: 'Select dispensations and reversals',
        description,
        querystring: selectionQuery,
        response: {
          200: {
            description: 'The selection.',
            content: {
              'application/json': { schema: auditedPage },
              'text/csv': { schema: z.string() },
              'application/x-ndjson': { schema: z.string() },
            },
          },
          ...problems(401, 403),
        },
      },
    },
    async (request, reply) => {
      const type = preferredType(request, TYPES)
      varyBy(reply, 'Accept')
      if (type === 'application/json') return showPage(deps, request, reply, request.query)
      return showExport(app, deps, request, reply, type)
    },
  )
}

const forPagesAlone: Text = {
  en: 'belongs to pages of JSON: an export is the whole selection',
  fr: 'ne vaut que pour les pages JSON : un export est toute la sélection',
}

async function showPage(deps: Deps, request: FastifyRequest, reply: FastifyReply, query: SelectionQuery) {
  const { audits } = deps.db
  const before = positionOf(query.cursor, position)
  const asked = await readSelection(audits, request.caller, query)
  const limit = query.limit ?? PAGE_ITEMS
  const entries = await orAskForLess(
    () => readAged(deps, reply, (from) => listEntries(from.audits, asked.selection, before, limit + 1)),
    {
      en: 'name a `territory`, a `pharmacy` or a `professional`, or less time between `from` and `to`',
      fr: 'nommez un `territory`, une `pharmacy` ou un `professional`, ou moins de temps entre `from` et `to`',
    },
  )
  const found = page(entries, limit, ({ occurredAt, id }) => ({ at: occurredAt, id }))
  const shown = new Set(found.items.map(({ personId }) => personId))
  await recordAccess(
    audits,
    { kind: 'audit', ...accessOf(request, asked) },
    asked.person === undefined ? [...shown] : [asked.person?.personId ?? null],
  )
  return { ...found, items: found.items.map(auditedView) }
}

async function showExport(app: App, deps: Deps, request: FastifyRequest, reply: FastifyReply, type: ExportType) {
  const { audits } = deps.db
  const query = request.query as SelectionQuery
  for (const field of ['limit', 'cursor'] as const) {
    if (query[field] !== undefined) throw invalid(field, forPagesAlone)
  }
  const asked = await readSelection(audits, request.caller, query)
  const stream = await app.export(request, reply, async (gone) => {
    const selection = await recordExport(
      audits,
      accessOf(request, asked),
      asked.selection,
      asked.person?.personId ?? null,
    )
    return readAged(deps, reply, (from) => exportEntries(from, selection, type, gone))
  })
  return reply.type(`${type}; charset=utf-8`).send(stream)
}

function accessOf(request: FastifyRequest, { person }: Asked) {
  const isMissed = person === null || person?.inRemit === false
  return { reader: request.caller, outcome: isMissed ? 'not_found' : 'shown', operator: operatorOf(request) }
}
