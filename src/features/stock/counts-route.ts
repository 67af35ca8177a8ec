import type { FastifyRequest } from 'fastify'
import { isRefusal } from '../../domain/refusals.ts'
import { effect, operatorOf, writeHeaders } from '../../http/effects.ts'
import { problemOfItem } from '../../http/item-problem.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import type { WithPacks } from '../../store/packs.ts'
import { isTaken } from './count.ts'
import { type CountOutcome, countMany } from './count-many.ts'
import { takeCountsAsCsv } from './counts-csv.ts'
import { type CountResult, countResults, countsBody } from './counts-schema.ts'
import { pharmacyParams } from './schema.ts'

const description = `Each is counted as one count alone is. Malformed counts, and two of one product, are refused before anything is counted.

As \`text/csv\`, a header row names the members, \`product;onHand;countedAt\` for one; the mode is \`each\`. Commas, semicolons or tabs, byte order marks, quoted cells, empty columns and rows at the end, \`="…"\` and \`1 234\` are understood. A time without its zone is of the pharmacy’s. What can be read in more than one way, such as \`1.234\` or \`03/04/2026 10:00\`, is 400, which names the line.`

/** Many counts at once: an inventory, or the file that a till or a spreadsheet makes of one. */
export async function countsRoute(app: App, deps: Deps, withPacks: WithPacks): Promise<void> {
  // A plugin of its own, since it alone takes CSV.
  await app.register(async (counts) => {
    takeCountsAsCsv(counts as unknown as App, deps.db)
    route(counts as unknown as App, deps, withPacks)
  })
}

function route(app: App, { db }: Deps, withPacks: WithPacks): void {
  app.put(
    '/v1/pharmacies/:finess/stock',
    {
      config: { policy: { scope: 'stock:write', pharmacy: 'acting' } },
      schema: {
        operationId: 'countManyStocks',
        tags: ['stock'],
        summary: 'Declare many counts',
        description,
        consumes: ['application/json', 'text/csv'],
        params: pharmacyParams,
        headers: writeHeaders,
        body: countsBody,
        response: {
          200: countResults,
          ...problems(401, 403, 404, 'stock_count_outdated', 'stock_insufficient', 'product_unknown', 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { pharmacy, body } = request
      const operator = operatorOf(request)
      return effect(request, reply, { db, pharmacy, keyLife: 'entry' }, async (tx) => {
        const counted = await withPacks(tx, body.counts, (facts) =>
          countMany(tx, { ...body, pharmacy, operator }, facts),
        )
        if (isRefusal(counted)) return counted
        return { items: counted.map((each, index) => resultOf(each, index, request)) }
      })
    },
  )
}

function resultOf({ product, counted }: CountOutcome, index: number, request: FastifyRequest): CountResult {
  if (isTaken(counted)) return { index, product, outcome: 'counted', stock: counted.level }
  return { index, product, outcome: 'refused', problem: problemOfItem(counted, request) }
}
