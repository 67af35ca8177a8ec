import type { FastifyInstance } from 'fastify'

/**
 * While the service stops, each answer ends its connection. Those that are idle then are closed by Fastify; one that was
 * busy would otherwise stay open for the keep-alive time, and the process with it.
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
