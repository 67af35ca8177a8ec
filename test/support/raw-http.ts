import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** An answer as it came over a connection. */
export interface RawAnswer {
  status: number
  /** By their names in lower case. */
  headers: Record<string, string>
  body: string
}

/** Connects to a server, to send it bytes that no HTTP client would. */
export async function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  // A server that has said no closes the connection while we still write, which is its right.
  socket.on('error', () => {})
  return socket
}

/** The first answer on a connection, as long as its Content-Length says; undefined when it is closed without one. */
export function answerOn(socket: Socket): Promise<RawAnswer | undefined> {
  const { promise, resolve } = Promise.withResolvers<RawAnswer | undefined>()
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    const answer = parse(received)
    if (answer) resolve(answer)
  })
  socket.once('close', () => resolve(undefined))
  return promise
}

function parse(received: string): RawAnswer | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = received.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = received.slice(end + 4)
  if (body.length < Number(headers['content-length'])) return undefined
  return { status: Number(first.split(' ')[1]), headers, body }
}
