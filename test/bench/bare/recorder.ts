import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Message, type Statement, splitter, statementReader } from './messages.ts'

/** The statements that left the program together, before it waited for an answer. */
export type Flush = Statement[]

/** From one idle moment of a connection to the next: a transaction, or a statement of its own. */
export type Work = Flush[]

/** A network between the program and PostgreSQL that writes down what the program sends. */
export interface Recorder extends Disposable {
  /** The database's address by way of the recorder. */
  url: string
  /** What was sent from now until `stop`, in the order in which it ended; background work is left out. */
  record(): { stop(): Work[] }
}

// Answers wait for so long that all statements that were sent without waiting for them are there before.
const ANSWER_DELAY_MS = 8

// What the service does beside requests: standings, jobs, the ledger's log. The job queue's own SQL has no names.
const BACKGROUND =
  /^(standing_version|read_standing|lock_log|log_state|read_pending|newest_checkpoint|insert_checkpoint|known_log_keys|record_log_keys|forget_expired_keys|log_.*)$/
const CONTROL = /^(begin|commit|rollback)$/

/** Starts a recorder before a database. The program must be at one request at a time while it records. */
export async function startRecorder(target: string): Promise<Recorder> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const listeners = new Set<(work: Work) => void>()
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: hostname, port: Number(port || 5432), noDelay: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    listenTo(client, upstream, (work) => {
      for (const listener of listeners) listener(work)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    record() {
      const found: Work[] = []
      const listener = (work: Work) => void (isOfRequest(work) && found.push(work))
      listeners.add(listener)
      return {
        stop() {
          listeners.delete(listener)
          return found
        },
      }
    },
    [Symbol.dispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function isOfRequest(work: Work): boolean {
  return work.flat().every(({ name, text }) => (name === '' ? CONTROL.test(text) : !BACKGROUND.test(name)))
}

function listenTo(client: Socket, upstream: Socket, onWork: (work: Work) => void): void {
  const read = statementReader(new Map())
  const [fromClient, fromServer] = [splitter({ untypedFirst: true }), splitter({ untypedFirst: false })]
  let work: Work = []
  let answered = true
  const hear = (message: Message) => {
    const statement = read(message)
    if (!statement) return
    if (answered) work.push([])
    answered = false
    work.at(-1)?.push(statement)
  }
  let asked = 0
  client.on('data', (chunk) => {
    for (const message of fromClient(chunk)) {
      if (message.type === 'S' || message.type === 'Q') asked++
      hear(message)
    }
    upstream.write(chunk)
  })
  upstream.on('data', (chunk) => {
    setTimeout(() => {
      answered = true
      for (const { type, body } of fromServer(chunk)) {
        if (type !== 'Z') continue
        // The first is the end of the connection's start.
        asked = Math.max(0, asked - 1)
        if (asked > 0 || body.toString() !== 'I') continue
        if (work.length > 0) onWork(work)
        work = []
      }
      if (client.writable) client.write(chunk)
    }, ANSWER_DELAY_MS)
  })
  client.once('close', () => upstream.destroy())
  upstream.once('close', () => client.destroy())
}
