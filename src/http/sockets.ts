import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

// A client that sends requests before it has read the answers to those before is rare; eight satisfy any that does.
const MOST_OUTSTANDING = 8
const STALLED_MS = 10_000

/**
 * Cuts a connection that has more than 8 requests outstanding, or that takes in nothing of its answer for 10 s: what is
 * written to it is kept in memory until it is read.
 */
export function cutGreedySockets(app: FastifyInstance, stalledMs = STALLED_MS): void {
  const outstanding = new WeakMap<Socket, number>()
  app.server.prependListener('request', ({ socket }, response) => {
    const count = (outstanding.get(socket) ?? 0) + 1
    outstanding.set(socket, count)
    if (count > MOST_OUTSTANDING) return void socket.destroy()
    // Once it is written, Node's own timer runs out unless some of it is taken; afterwards Node sets that of idle ones.
    response.once('prefinish', () => socket.setTimeout(stalledMs))
    response.once('close', () => outstanding.set(socket, (outstanding.get(socket) ?? 1) - 1))
  })
  // What had been sent behind the one too many is read from the same piece, and ends here: nobody is there any more.
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    if (!raw.socket.destroyed) done()
  })
}
