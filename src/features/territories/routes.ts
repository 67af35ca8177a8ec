import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { territory } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { listTerritories } from './queries.ts'
import { listQuery, territoryPage } from './schema.ts'

/** The territories that rules and remits name. */
export async function territoryRoutes(app: App, { db }: Deps): Promise<void> {
  app.get(
    '/v1/territories',
    {
      config: { policy: { scope: 'directory:read', regulator: 'any' } },
      schema: {
        operationId: 'listTerritories',
        tags: ['reference data'],
        summary: 'List the territories, by code',
        querystring: listQuery,
        response: { 200: territoryPage, ...problems(401, 403) },
      },
    },
    async ({ query }) => {
      const found = await listTerritories(db, positionOf(query.cursor, territory), query.limit + 1)
      return page(found, query.limit, ({ code }) => code)
    },
  )
}
