import { z } from 'zod'
import { onlyProblems } from './problems.ts'
import { checks } from './readiness.ts'
import type { App } from './service.ts'

const RETRY_AFTER_SECONDS = 2

const state = z.object({ status: z.literal('ok') })
const finding = z.string().describe('`ok`, or what is wrong.')
const readiness = z
  .object({
    ready: z.boolean(),
    checks: z.object(Object.fromEntries(checks.map((check) => [check, finding]))),
  })
  .meta({ id: 'Readiness', description: 'Every check must be `ok`. It is judged anew after a second.' })

/** Whether the process is alive, and able to serve. */
export async function healthRoutes(app: App): Promise<void> {
  app.get(
    '/healthz',
    {
      config: { policy: 'public', answersUnderLoad: true, rateLimit: false },
      schema: {
        operationId: 'isAlive',
        tags: ['operations'],
        summary: 'The process is alive',
        response: { 200: state, ...onlyProblems(414) },
      },
    },
    async () => ({ status: 'ok' as const }),
  )
  app.get(
    '/readyz',
    {
      config: { policy: 'public', answersUnderLoad: true, rateLimit: false },
      schema: {
        operationId: 'isReady',
        tags: ['operations'],
        summary: 'The service can serve',
        response: { 200: readiness, 503: readiness, ...onlyProblems(414) },
      },
    },
    async (_request, reply) => {
      const found = await app.readiness()
      if (!found.ready) reply.code(503).header('retry-after', RETRY_AFTER_SECONDS)
      return found
    },
  )
}
