import t from 'tap'
import { splitter, statementReader } from './bare/messages.ts'

const texts = (...each: string[]) => Buffer.concat(each.map((text) => Buffer.from(`${text}\0`)))

function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

function bind(name: string, parameters: (string | null)[], format = 0): Buffer {
  const values = parameters.map((value) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value))
    return Buffer.concat([length, Buffer.from(value ?? '')])
  })
  const short = (n: number) => Buffer.from([n >> 8, n & 255])
  return Buffer.concat([texts('', name), short(1), short(format), short(parameters.length), ...values, short(0)])
}

t.test('messages are found however the stream was cut', async (t) => {
  const stream = Buffer.concat([
    message('', Buffer.from('start')),
    message('Q', texts('begin')),
    message('S', Buffer.alloc(0)),
  ])
  for (const size of [1, 3, 7, stream.length]) {
    const split = splitter({ untypedFirst: true })
    const found = Array.from({ length: Math.ceil(stream.length / size) }, (_, n) =>
      split(stream.subarray(n * size, (n + 1) * size)),
    )
    t.same(
      found.flat().map(({ type }) => type),
      ['', 'Q', 'S'],
    )
  }
})

t.test('a statement is read with the text that was prepared under its name', async (t) => {
  const read = statementReader(new Map())
  const body = (type: string, bytes: Buffer) => ({ type, body: bytes })
  t.equal(read(body('P', texts('find', 'select $1'))), undefined)
  t.same(read(body('B', bind('find', ['é', null, '']))), {
    name: 'find',
    text: 'select $1',
    parameters: ['é', null, ''],
  })
  t.same(read(body('Q', texts('commit'))), { name: '', text: 'commit', parameters: [] })
  t.throws(() => read(body('B', bind('other', []))), /never prepared/)
  t.throws(() => read(body('B', bind('find', ['x'], 1))), /binary/)
})
