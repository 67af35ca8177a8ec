import { Socket } from 'node:net'

/**
 * A socket that collects what is written during a turn of the event loop and sends it at the end. The statements of one
 * flush, and of requests that arrive together, then cost one system call and wake PostgreSQL's process once.
 */
export class GatheringSocket extends Socket {
  #isGathering = false

  override connect(...to: unknown[]): this {
    super.connect(...(to as Parameters<Socket['connect']>))
    Reflect.deleteProperty(this, 'write') // `connect` has just set it to that of an ordinary socket.
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
