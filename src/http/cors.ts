import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

const DAY_SECONDS = 86_400

/** Lets pages of these origins call, and no others. Without cookies, since callers send their tokens themselves. */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return
  // The plugin's own route, for preflights: browsers send these without a token.
  app.addHook('onRoute', (route) => {
    if (route.method === 'OPTIONS') route.config = { ...route.config, policy: 'public' }
  })
  await app.register(cors, {
    origin: (origin, done) => done(null, origin !== undefined && origins.includes(origin) ? origin : false),
    methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-None-Match', 'X-Operator'],
    exposedHeaders: [
      'X-Request-Id',
      'Retry-After',
      'ETag',
      'Idempotency-Replayed',
      'RateLimit-Limit',
      'RateLimit-Remaining',
      'RateLimit-Reset',
    ],
    maxAge: DAY_SECONDS,
    strictPreflight: false,
    preflightContinue: true, // On to the limits, which count preflights too.
  })
}
