import type { FastifyInstance } from 'fastify'
import type { Role } from './caller.ts'

/** Who may call a route: anybody without a token, or the bearers of these roles. */
type Policy = 'public' | readonly Role[]

declare module 'fastify' {
  interface FastifyContextConfig {
    policy?: Policy
    /** A route that answers even under more load than the service takes on. */
    answersUnderLoad?: boolean
  }
}

/** Refuses, at start, a route that does not say who may call it. The documentation's routes are anybody's. */
export function requirePolicies(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.config = { ...route.config, policy: 'public' }
    if (route.config?.policy === undefined) throw new Error(`${route.method} ${route.url} declares no policy`)
  })
}
