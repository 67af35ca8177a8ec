import { once } from 'node:events'
import type { Server } from 'node:net'

// Below what systems give to outgoing connections and to port 0, so that nobody takes a port while its server is away.
const [FIRST, AFTER_LAST] = [10_000, 30_000]
// Processes that run side by side look in places of their own.
let next = FIRST + ((process.pid * 20) % (AFTER_LAST - FIRST))

/** Lets a server listen at a port of this machine that it can leave and come back to; answers the port. */
export async function listenForGood(server: Server): Promise<number> {
  for (;;) {
    const port = next++
    if (next >= AFTER_LAST) next = FIRST
    if (await listens(server, port)) return port
  }
}

async function listens(server: Server, port: number): Promise<boolean> {
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
}
