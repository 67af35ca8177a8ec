import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import { listenForGood } from './lasting-port.ts'

/** A message of PostgreSQL's protocol as it is on the wire. A connection's first one, from the client, has no type. */
export interface Message {
  type: string
  bytes: Buffer
}

/** What goes on in a message's place on one connection; nothing is an empty buffer. Left out: everything goes on. */
export interface Tampering {
  fromClient?(message: Message): Buffer
  fromServer?(message: Message): Buffer
}

/** Nothing, in a message's place. */
export const NOTHING = Buffer.alloc(0)

/** A network between the service and PostgreSQL that a test can cut, freeze and tamper with. */
export interface TcpProxy {
  /** The database's address by way of the proxy. */
  url: string
  /** Drops every connection and refuses new ones, as a machine whose PostgreSQL is down does. */
  refuse(): Promise<void>
  accept(): Promise<void>
  /** Takes connections and passes nothing on, as a network that loses every packet. */
  freeze(): void
  thaw(): void
  /** How often a client has written to the database so far: statements that leave together count once. */
  flushes(): number
}

/** Starts a proxy, which accepts and ends with the test. `tamper` is called for each connection. */
export async function startProxy(t: Test, target: string, tamper: () => Tampering = () => ({})): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let frozen = false
  let flushes = 0
  let server: Server | undefined
  const take = (client: Socket) => {
    const upstream = connect(Number(port), hostname)
    const { fromClient, fromServer } = tamper()
    client.on('data', () => flushes++)
    pipe(client, upstream, splitter(true), fromClient)
    pipe(upstream, client, splitter(false), fromServer)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      if (frozen) socket.pause()
    }
  }
  const serve = () => {
    server = createServer({ noDelay: true }, take)
    return server
  }
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(await listenForGood(serve()))
  const proxy: TcpProxy = {
    url: url.href,
    async refuse() {
      const closed = server && once(server, 'close')
      server?.close()
      for (const socket of sockets) socket.destroy()
      await closed
      server = undefined
    },
    async accept() {
      await once(serve().listen(Number(url.port), '127.0.0.1'), 'listening')
    },
    freeze() {
      frozen = true
      for (const socket of sockets) socket.pause()
    },
    thaw() {
      frozen = false
      for (const socket of sockets) socket.resume()
    },
    flushes: () => flushes,
  }
  t.teardown(() => proxy.refuse())
  return proxy
}

function pipe(
  from: Socket,
  to: Socket,
  split: (chunk: Buffer) => Message[],
  replace = ({ bytes }: Message): Buffer => bytes,
): void {
  from.on('data', (chunk) => {
    const going = Buffer.concat(split(chunk).map(replace))
    if (going.length > 0 && to.writable) to.write(going)
  })
  // A process that was killed resets its connections, which is no failure of the proxy.
  from.on('error', () => {})
  from.once('close', () => to.destroy())
}

// A message is a type of one byte, then a length of four that counts itself; the client's first has no type.
function splitter(untypedFirst: boolean): (chunk: Buffer) => Message[] {
  let rest: Buffer = NOTHING
  let typeBytes = untypedFirst ? 0 : 1
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const messages: Message[] = []
    while (rest.length >= typeBytes + 4) {
      const end = typeBytes + rest.readInt32BE(typeBytes)
      if (rest.length < end) break
      messages.push({ type: rest.toString('latin1', 0, typeBytes), bytes: rest.subarray(0, end) })
      rest = rest.subarray(end)
      typeBytes = 1
    }
    return messages
  }
}

/** Whether the server says with this message that a transaction has committed. */
export function saysCommitted({ type, bytes }: Message): boolean {
  return type === 'C' && bytes.toString('latin1', 5) === 'COMMIT\0'
}

/** Whether the client asks with this message, as the service does, for its transaction to be committed. */
export function asksToCommit({ type, bytes }: Message): boolean {
  return type === 'Q' && bytes.toString('latin1', 5) === 'commit\0'
}

/** A notice as PostgreSQL sends it ahead of the message that it comes with. */
export function notice(severity: 'NOTICE' | 'WARNING', text: string): Buffer {
  const fields = Buffer.from(`S${severity}\0V${severity}\0C01000\0M${text}\0\0`)
  const head = Buffer.from('N\0\0\0\0')
  head.writeInt32BE(4 + fields.length, 1)
  return Buffer.concat([head, fields])
}
