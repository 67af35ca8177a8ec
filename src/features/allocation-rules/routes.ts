import { effect, writeHeaders } from '../../http/effects.ts'
import { page, positionOf } from '../../http/pages.ts'
import { everyone } from '../../http/policy.ts'
import { problems } from '../../http/problems.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { knownHeaders, notModified, unlessKnown } from '../../http/unless-known.ts'
import { publishRule } from './publish-rule.ts'
import { listRules, versionOfRules } from './queries.ts'
import { listQuery, rule, ruleBody, rulePage, ruleParams, withdrawalBody } from './schema.ts'
import { withdrawRule } from './withdraw-rule.ts'

/** The dated caps that judge every hand-over. */
export async function allocationRuleRoutes(app: App, deps: Deps): Promise<void> {
  listRoute(app, deps)
  publishRoute(app, deps)
  withdrawalRoute(app, deps)
}

function listRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/allocation-rules',
    {
      config: { sends: ['ETag'], policy: { scope: 'rules:read', ...everyone } },
      schema: {
        operationId: 'listRules',
        tags: ['rules'],
        summary: 'List the rules in force, newest first',
        querystring: listQuery,
        headers: knownHeaders,
        response: { 200: rulePage, ...notModified, ...problems(401, 403) },
      },
    },
    (request, reply) => {
      const { at = null, cursor, limit } = request.query
      const before = positionOf(cursor, uuid)
      return unlessKnown(request, reply, {
        version: () => versionOfRules(db, at, before, limit + 1),
        read: async () => page(await listRules(db, at, before, limit + 1), limit, ({ id }) => id),
      })
    },
  )
}

function publishRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/allocation-rules',
    {
      config: { policy: { scope: 'rules:write', regulator: 'territory', admin: 'any' } },
      schema: {
        operationId: 'publishRule',
        tags: ['rules'],
        summary: 'Publish a rule',
        description:
          'A regulator publishes for its own territories and those below them and, if it is limited to professions, for these alone. A rule is never edited: publish another, which prevails by its later `validFrom`, or withdraw it.',
        headers: writeHeaders,
        body: ruleBody,
        response: { 201: rule, ...problems(401, 403, 409, 413, 415, 422) },
      },
    },
    async (request, reply) =>
      effect(request, reply, { db, status: 201 }, (tx) => publishRule(tx, request.caller, request.body)),
  )
}

function withdrawalRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/allocation-rules/:id/withdrawal',
    {
      config: { policy: { scope: 'rules:write', regulator: 'territory', admin: 'any' } },
      schema: {
        operationId: 'withdrawRule',
        tags: ['rules'],
        summary: 'Withdraw a rule',
        description:
          'It judges nothing from now on. Withdrawing it again gives the same answer. A regulator withdraws what was published for its own territory, neither the operator’s rules nor those of a wider or narrower authority.',
        params: ruleParams,
        headers: writeHeaders,
        body: withdrawalBody,
        response: { 200: rule, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) =>
      effect(request, reply, { db }, (tx) => withdrawRule(tx, request.caller, request.params.id)),
  )
}
