import { z } from 'zod'
import { Problem } from './problem.ts'
import { onlyProblems } from './schemas.ts'
import type { App, Deps } from './service.ts'

const state = z.object({ status: z.literal('ok') })

/** Whether the process is alive, and able to serve. */
export async function healthRoutes(app: App, { db }: Deps): Promise<void> {
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
        summary: 'The service can reach its database',
        response: { 200: state, ...onlyProblems(414, 503) },
      },
    },
    async () => {
      if (await db.isReachable()) return { status: 'ok' as const }
      throw new Problem('unavailable', 'The database cannot be reached.')
    },
  )
}
