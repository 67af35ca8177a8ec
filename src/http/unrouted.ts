import type { FastifyInstance, FastifyRequest } from 'fastify'
import findMyWay, { type HTTPMethod } from 'find-my-way'
import { phrase } from '../domain/language.ts'
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
    if (methods.length === 0) return noSuchRoute()
    const allowed = methods.join(', ')
    reply.header('allow', allowed)
    return new Problem('method_not_allowed', {
      en: phrase`This path has no ${request.method}. It takes ${allowed}.`,
      fr: phrase`Ce chemin n’a pas de ${request.method}. Il admet ${allowed}.`,
    })
  })
  app.setNotFoundHandler((request, reply) => {
    throw app.unrouted(request, reply)
  })
}

/** A 404 for what no route takes. */
export function noSuchRoute(): Problem {
  return new Problem('not_found', { en: 'There is no such route.', fr: 'Cette route n’existe pas.' })
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
