import type { FastifyInstance } from 'fastify'

/**
 * While the service is stopping, each answer closes its connection. Fastify closes idle connections; a busy one would
 * otherwise stay open for the keep-alive time, and so would the process.
 */
export function partFromClients(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
}
