import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readClock } from '../../db/clock.ts'
import type { Database } from '../../db/database.ts'
import { moveClock } from '../../db/movable-clock.ts'
import { iso } from '../../domain/instant.ts'
import { judgeConformance } from '../../http/conformance.ts'
import { type Exchange, rememberExchanges } from '../../http/exchanges.ts'
import { faults, makeFaults, spoilAnswer } from '../../http/faults-on-demand.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps, Sandbox } from '../../http/service.ts'
import { clockBody, clockState, conformance, guide } from './schema.ts'

const TAGS = ['sandbox']

/** What only a sandbox has: who is in it, faults on demand, a clock that moves, and a judgement of its callers. */
export async function sandboxRoutes(app: App, { db, sandbox }: Deps & { sandbox: Sandbox }): Promise<void> {
  const exchanges = rememberExchanges()
  makeFaults(app)
  app.addHook('onSend', async (request, reply, payload) => {
    const sent = spoilAnswer(request, reply, payload)
    exchanges.add(exchangeOf(request, reply))
    return sent
  })

  guideRoute(app, db, sandbox)
  clockRoute(app, db)
  conformanceRoute(app, exchanges)
}

function guideRoute(app: App, db: Database, sandbox: Sandbox): void {
  app.get(
    '/v1/sandbox',
    {
      config: { policy: 'public' },
      schema: {
        operationId: 'readSandbox',
        tags: TAGS,
        summary: 'Who and what is in this sandbox, with a token for everybody',
        response: { 200: guide, ...problems() },
      },
    },
    async () => ({ ...sandbox, faults: [...faults], clock: iso(await readClock(db)) }),
  )
}

function clockRoute(app: App, db: Database): void {
  app.post(
    '/v1/sandbox/clock',
    {
      config: { policy: 'public' },
      schema: {
        operationId: 'moveSandboxClock',
        tags: TAGS,
        summary: 'Move the clock ahead, which decides windows, expiry and tokens',
        body: clockBody,
        response: { 200: clockState, ...problems(413, 415) },
      },
    },
    async ({ body }) => ({ clock: iso(await moveClock(db, body.aheadSeconds)) }),
  )
}

function conformanceRoute(app: App, exchanges: ReturnType<typeof rememberExchanges>): void {
  app.get(
    '/v1/sandbox/conformance',
    {
      config: { policy: 'public' },
      schema: {
        operationId: 'judgeConformance',
        tags: TAGS,
        summary: 'Each rule for tills, and the requests since the start that kept or broke it',
        response: { 200: conformance, ...problems() },
      },
    },
    async () => ({ items: judgeConformance(exchanges.all()) }),
  )
}

function exchangeOf(request: FastifyRequest, reply: FastifyReply): Exchange {
  const { authorization, 'idempotency-key': key, 'x-operator': operator } = request.headers
  const retryAfter = reply.getHeader('retry-after')
  const answered = performance.now()
  return {
    request: request.id,
    method: request.method,
    route: request.routeOptions.url ?? '',
    bearer: digest(authorization),
    key: digest(key),
    content: contentOf(request),
    namesOperator: operator !== undefined,
    status: reply.statusCode,
    retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
    isLost: request.fault === 'answer_lost',
    arrived: answered - reply.elapsedTime,
    answered,
  }
}

// What was refused before its body was read cannot be compared with anything.
function contentOf({ method, url, body }: FastifyRequest): string | undefined {
  const isUnread = body === undefined && ['POST', 'PUT'].includes(method)
  return isUnread ? undefined : hash('sha256', `${method} ${url}\n${JSON.stringify(body ?? null)}`)
}

function digest(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : hash('sha256', String(header))
}
