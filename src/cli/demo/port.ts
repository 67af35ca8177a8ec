import { once } from 'node:events'
import { createServer } from 'node:net'

/** The port wanted if it is free on this host, else 0, which means any free one. */
export async function freePort(host: string, wanted: number): Promise<number> {
  const probe = createServer()
  try {
    probe.listen(wanted, host)
    await once(probe, 'listening')
    return wanted
  } catch {
    return 0
  } finally {
    probe.close()
  }
}
