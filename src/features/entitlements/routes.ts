import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { allowanceFor, windowOf } from '../../domain/beneficiary.ts'
import { noSuch } from '../../domain/named.ts'
import { isRefusal } from '../../domain/refusals.ts'
import { professionalOf } from '../../http/caller.ts'
import { operatorOf } from '../../http/effects.ts'
import { problems } from '../../http/problems.ts'
import { requireSelf } from '../../http/readable.ts'
import { citedRule, professional, window } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { type Entitled, readEntitled } from './queries.ts'

const entitlement = z
  .object({
    product: z.string(),
    cap: z.int().describe('Of the rule over all its products or, if that leaves less, of this product alone.'),
    received: z.int(),
    held: z.int(),
    remaining: z.int().describe('max(0, cap − received − held).'),
    rule: citedRule,
    window,
  })
  .meta({ id: 'Entitlement' })
const entitlements = z.object({ items: z.array(entitlement) })

/** What a professional may still receive. */
export async function entitlementRoutes(app: App, deps: Deps): Promise<void> {
  ownRoute(app, deps)
  namedRoute(app, deps)
}

function ownRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/entitlements/me',
    {
      config: { policy: { scope: 'dispensations:read', professional: 'self' } },
      schema: {
        operationId: 'readOwnEntitlements',
        tags: ['history'],
        summary: 'Read what you may still receive, by product',
        querystring: z.strictObject({}),
        response: { 200: entitlements, ...problems(401, 403, 404) },
      },
    },
    async ({ caller }) => ownEntitlements(db.readings, professionalOf(caller)),
  )
}

function namedRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/professionals/:id/entitlements',
    {
      config: { policy: { scope: 'dispensations:read', professional: 'own', regulator: 'remit' } },
      schema: {
        operationId: 'readEntitlements',
        tags: ['history'],
        summary: 'Read what a professional may still receive, by product',
        description:
          'Professionals may read their own. Each reading by a regulator, and each attempt, is recorded before it is answered.',
        params: z.strictObject({ id: professional }),
        response: { 200: entitlements, ...problems(401, 403, 404) },
      },
    },
    async (request) => {
      const { caller, params } = request
      if (caller.role === 'professional') {
        await requireSelf(db, caller, params.id)
        return ownEntitlements(db.readings, params.id)
      }
      const reading = { kind: 'entitlements' as const, reader: caller, operator: operatorOf(request) }
      const entitled = await readEntitled(db, params.id, { reading, remit: caller })
      if (!entitled) throw noSuch('professional in remit')
      return view(entitled)
    },
  )
}

async function ownEntitlements(db: Queryable, identifier: string): Promise<z.output<typeof entitlements>> {
  const entitled = await readEntitled(db, identifier)
  if (!entitled) throw noSuch('professional')
  return view(entitled)
}

function view({ facts, products }: Entitled): z.output<typeof entitlements> {
  const items = products.flatMap((code) => {
    const left = allowanceFor(facts, code)
    if (isRefusal(left)) return []
    const { product, cap, received, held, remaining, rule, period } = left
    return [
      { product, cap, received, held, remaining, rule: { id: rule.id, source: rule.source }, window: windowOf(period) },
    ]
  })
  return { items }
}
