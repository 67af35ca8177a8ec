import type { FastifyInstance, FastifyRequest } from 'fastify'
import findMyWay, { type HTTPMethod } from 'find-my-way'
import { Problem } from './problem.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What to answer to a request that no route takes; `Allow` is set if another method would be taken. */
    unrouted(request: FastifyRequest, reply: FastifyReply): Problem
  }
}

/** How paths are matched to routes. */
export const ROUTING = { maxParamLength: 300 }

/**
 * Answers what no route takes: 405 with the methods of the path, or 404 if it has none. Knows the routes that are
 * registered after it.
 */
export function answerUnrouted(app: FastifyInstance): void {
  const methodsOf = methodsByPath(app)
  app.decorate('unrouted', (request, reply) => {
    const methods = methodsOf(request)
    if (methods.length === 0) return new Problem('not_found', 'There is no such route.')
    reply.header('allow', methods.join(', '))
    return new Problem('method_not_allowed', `This path has no ${request.method}. It takes ${methods.join(', ')}.`)
  })
  app.setNotFoundHandler((request, reply) => {
    throw app.unrouted(request, reply)
  })
}

/** Answers it before the body is read. Registered after the limits, which count it. */
export function answerUnroutedEarly(app: FastifyInstance): void {
  app.addHook('preParsing', async (request, reply) => {
    if (request.is404) throw app.unrouted(request, reply)
  })
}

// A second router, since the framework's own finds nothing without the right method.
function methodsByPath(app: FastifyInstance): (request: FastifyRequest) => HTTPMethod[] {
  const router = findMyWay(ROUTING)
  const known = new Set<HTTPMethod>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url === '*') return // Every path, for preflights: no path is there because of it.
    for (const each of [method].flat() as HTTPMethod[]) {
      known.add(each)
      router.on(each, url, () => {})
    }
  })
  return ({ url }) => [...known].filter((method) => router.find(method, url)).sort()
}
