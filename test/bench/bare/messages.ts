/** A message of PostgreSQL's protocol, without its length. A connection's first one, from the client, has no type. */
export interface Message {
  type: string
  body: Buffer
}

/** A statement with its parameters as they went to PostgreSQL. */
export interface Statement {
  name: string
  text: string
  parameters: (string | null)[]
}

const TYPE_AND_LENGTH = 5

/** Takes a stream apart into messages: feed it chunks in their order. */
export function splitter({ untypedFirst }: { untypedFirst: boolean }): (chunk: Buffer) => Message[] {
  let rest: Buffer = Buffer.alloc(0)
  let untyped = untypedFirst
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const found: Message[] = []
    for (;;) {
      const header = untyped ? TYPE_AND_LENGTH - 1 : TYPE_AND_LENGTH
      if (rest.length < header) return found
      const end = rest.readInt32BE(header - 4) + header - 4
      if (rest.length < end) return found
      found.push({ type: untyped ? '' : String.fromCharCode(rest[0] as number), body: rest.subarray(header, end) })
      rest = rest.subarray(end)
      untyped = false
    }
  }
}

/** Reads the statements out of what a client sends on one connection; `texts` keeps what was prepared under a name. */
export function statementReader(texts: Map<string, string>): (message: Message) => Statement | undefined {
  return ({ type, body }) => {
    const reader = fields(body)
    if (type === 'Q') return { name: '', text: reader.text(), parameters: [] }
    if (type === 'P') texts.set(reader.text(), reader.text())
    if (type !== 'B') return undefined
    reader.text() // The portal.
    const name = reader.text()
    const text = texts.get(name)
    if (text === undefined) throw new Error(`statement ${name} was never prepared`)
    return { name, text, parameters: parametersOf(reader) }
  }
}

function parametersOf(reader: ReturnType<typeof fields>): (string | null)[] {
  const formats = Array.from({ length: reader.short() }, () => reader.short())
  if (formats.includes(1)) throw new Error('a parameter is binary, which pgbench cannot send')
  return Array.from({ length: reader.short() }, () => reader.value())
}

function fields(body: Buffer) {
  let at = 0
  return {
    text() {
      const end = body.indexOf(0, at)
      const text = body.toString('utf8', at, end)
      at = end + 1
      return text
    },
    short() {
      at += 2
      return body.readInt16BE(at - 2)
    },
    value() {
      const length = body.readInt32BE(at)
      at += 4
      if (length === -1) return null
      at += length
      return body.toString('utf8', at - length, at)
    },
  }
}
