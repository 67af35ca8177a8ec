import { Socket } from 'node:net'

/**
 * A socket that sends together, at the end of a turn of the event loop, what was written in that turn. The statements of
 * one flush, and of requests that came in together, then cost one system call and wake PostgreSQL's process once.
 */
export class GatheringSocket extends Socket {
  #isGathering = false

  override connect(...to: unknown[]): this {
    super.connect(...(to as Parameters<Socket['connect']>))
    Reflect.deleteProperty(this, 'write') // Which `connect` has just set to that of every socket.
    return this
  }

  override write(...written: unknown[]): boolean {
    if (!this.#isGathering) {
      this.#isGathering = true
      this.cork()
      setImmediate(() => {
        this.#isGathering = false
        this.uncork()
      })
    }
    return super.write(...(written as Parameters<Socket['write']>))
  }
}
