import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'

/** The headers of answers that are sent before any hook runs. */
export const bareHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

// The documentation page has its script and styles inline. Browsers show nothing else of this service.
const docs = helmet({
  contentSecurityPolicy: {
    directives: {
      'script-src': ["'self'", "'unsafe-inline'"],
      'style-src': ["'self'", "'unsafe-inline'"],
      'connect-src': ["'self'"],
      'font-src': ["'self'", 'data:'],
      'frame-ancestors': ["'none'"],
      // A trial on a plain http address has no https to upgrade to.
      'upgrade-insecure-requests': null,
    },
  },
  frameguard: { action: 'deny' },
})

const answers = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
  frameguard: { action: 'deny' },
})

/**
 * Tells browsers with every answer to load nothing, not to frame it or guess its type, and to come back over https.
 * Answers that need a token, tokens themselves, and errors must not be cached, unless they have a version to ask by.
 */
export function secureHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const set = request.routeOptions.url?.startsWith('/docs') ? docs : answers
    set(request.raw, reply.raw, () => done())
  })
  app.addHook('onSend', async ({ routeOptions: { config } }, reply) => {
    const isOpen = config.policy === 'public' && config.limits !== 'token' && reply.statusCode < 400
    if (!isOpen && !reply.hasHeader('etag')) reply.header('cache-control', 'no-store')
  })
}
