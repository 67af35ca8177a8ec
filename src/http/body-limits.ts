import type { FastifyInstance } from 'fastify'

const KB = 1024
/** What a body may have where nothing else is said: more than any request needs. */
export const BODY_LIMIT_BYTES = 16 * KB

/** Where lists can make a body longer. */
const longer: Record<string, number> = {
  'POST /v1/allocation-rules': 64 * KB, // 200 beneficiaries, and 100 products with a cap each.
  'POST /v1/clients': 64 * KB, // Five keys, each perhaps with its certificates.
  'PUT /v1/clients/:id': 64 * KB,
  'POST /v1/clients/:id/grants': 64 * KB, // A thousand pharmacies.
  'PUT /v1/pharmacies/:finess/stock': 128 * KB, // 500 counts, by scans too.
  'POST /v1/pharmacies/:finess/offline-batches': 1024 * KB, // 500 items.
  'PUT /v1/pharmacies/:finess': 64 * KB, // What GET shows, its whole stock too, may be sent back.
}

/** Limits the body of each route registered after this. */
export function limitBodies(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.bodyLimit ??= longer[`${route.method} ${route.url}`] ?? BODY_LIMIT_BYTES
  })
}

/** A limit as people say it. */
export function inKilobytes(bytes: number): number {
  return bytes / KB
}
