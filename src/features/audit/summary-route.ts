import { invalid } from '../../domain/refusals.ts'
import { afterFrom } from '../../http/complaint.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { readAged } from '../../http/replica.ts'
import type { App, Deps } from '../../http/service.ts'
import { territoriesWithin } from '../../store/territories.ts'
import { summaryPage, summaryPosition, summaryQuery } from './schema.ts'
import { readTerritory } from './selection.ts'
import { summarise } from './summarise.ts'

/** Totals over the ledger for regulators. */
export function summaryRoute(app: App, deps: Deps): void {
  app.get(
    '/v1/audit/summary',
    {
      config: { isHeavy: true, sends: ['Age'], policy: { scope: 'audit:read', regulator: 'listed' } },
      schema: {
        operationId: 'auditSummary',
        tags: ['audit'],
        summary: 'Add up what was handed over and taken back',
        description:
          'Within the remit, by the territories and the profession frozen in each entry. From totals that are kept up as entries arrive and are never behind. Rows are ordered by pharmacy, week, territory, profession and product, as far as `groupBy` names them.',
        querystring: summaryQuery,
        response: { 200: summaryPage, ...problems(401, 403) },
      },
    },
    async ({ caller, query }, reply) => {
      const { audits } = deps.db
      const { groupBy, from = null, to = null, limit } = query
      if (from !== null && to !== null && to <= from) throw invalid('to', afterFrom)
      const after = positionOf(query.cursor, summaryPosition(groupBy))
      const question = {
        remit: await territoriesWithin(audits, caller.territories),
        professions: caller.professions.length > 0 ? caller.professions : null,
        groupBy,
        from,
        to,
        pharmacy: query.pharmacy ?? null,
        profession: query.profession ?? null,
        territories: query.territory === undefined ? null : await readTerritory(audits, query.territory),
        product: query.product ?? null,
      }
      const found = await readAged(deps, reply, (from) => summarise(from.audits, question, after, limit + 1))
      return page(found, limit, (totals) => groupBy.map((name) => totals[name] ?? ''))
    },
  )
}
