import { rm } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { makeDatabase, makeDataDir, serverUrl } from '../support/database.ts'
import { makeFolder, makeServer, type Server } from '../support/process.ts'
import { answerOn, dial, type RawAnswer } from '../support/raw-http.ts'

t.test('bytes that no good client sends', async (t) => {
  const server = await setUp(t)
  const admin = await server.token({ role: 'admin', subject: 'admin' })
  const head = (...lines: string[]) =>
    ['PUT /v1/products/ffp2 HTTP/1.1', 'Host: localhost', ...lines, '', ''].join('\r\n')
  const authorised = [`Authorization: Bearer ${admin}`, 'Content-Type: application/json']

  await t.test('headers or a body that never end are cut off, and others are served meanwhile', async (t) => {
    // One byte in a while, so that the connection is never idle.
    const slow = [
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
      `${head(...authorised, 'Content-Length: 1000')}{`,
    ]
    await Promise.all(
      slow.map(async (beginning) => {
        const cutOff = dribble(server, beginning)
        t.equal((await server.call('GET', '/healthz')).status, 200, 'others are served')
        const answer = await cutOff
        if (answer) isProblem(t, answer, [400], 'invalid_request')
      }),
    )
  })

  await t.test('a length and an encoding that contradict each other: 400, and nothing behind them runs', async (t) => {
    const smuggled = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const contradictions = [
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Content-Length: 5'],
      ['Content-Length: 5', 'Content-Length: 6'],
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
      ['Transfer-Encoding: x-chunked'],
      ['Content-Length: +5'],
    ]
    for (const lines of contradictions) {
      const socket = await dial(server.url())
      const closed = untilClosed(socket)
      // Whoever believed the encoding would answer both this and what is behind it with 200.
      socket.write(`${['GET /healthz HTTP/1.1', 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n0\r\n\r\n${smuggled}`)
      const received = await closed
      isProblem(t, received.answer, [400], 'invalid_request', lines.join(', '))
      t.equal(received.answers, 1, 'nothing behind it is answered')
    }
  })

  await t.test('a header of 10 MB: 431, which reaches who sends it to its end', async (t) => {
    const large = 'x'.repeat(10_000_000)
    const answer = await sendThenRead(server, `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: ${large}\r\n\r\n`)
    isProblem(t, answer, [431], 'headers_too_large')
  })

  await t.test('a body of 20 MB: 413, which reaches who sends it to its end', async (t) => {
    const large = 'x'.repeat(20_000_000)
    for (const [framing, size] of [
      [`Content-Length: ${large.length}`, ''],
      ['Transfer-Encoding: chunked', `${large.length.toString(16)}\r\n`],
    ] as const) {
      const answer = await sendThenRead(server, `${head(...authorised, framing)}${size}${large}`)
      isProblem(t, answer, [413], 'payload_too_large', framing)
    }
  })

  await t.test('ten thousand query parameters: 431 or 414', async (t) => {
    for (const [count, status, code] of [
      [10_000, 431, 'headers_too_large'],
      [2_000, 414, 'uri_too_long'],
    ] as const) {
      const query = Array.from({ length: count }, (_, n) => `p${n}=`).join('&')
      const answer = await sendThenRead(server, `GET /v1/products?${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      isProblem(t, answer, [status], code)
    }
  })

  t.equal((await server.call('GET', '/readyz')).status, 200, 'the service is as it was')
})

async function setUp(t: Test): Promise<Server> {
  if (!serverUrl) {
    const folder = await makeDataDir()
    t.teardown(() => rm(folder, { recursive: true }))
    const server = makeServer(t, {}, folder)
    await server.start()
    return server
  }
  const { url = '', drop } = await makeDatabase(1)
  t.teardown(drop)
  const server = makeServer(t, { DATABASE_URL: url }, await makeFolder(t))
  await server.start()
  return server
}

/** Sends all of it before it reads anything, as simple clients do. */
async function sendThenRead(server: Server, bytes: string): Promise<RawAnswer | undefined> {
  const socket = await dial(server.url())
  await new Promise((resolve) => socket.write(bytes, resolve))
  const answer = await answerOn(socket)
  socket.destroy()
  return answer
}

/** Sends a beginning and then a byte at a time until the server has had enough; answers what it said of that. */
async function dribble(server: Server, beginning: string): Promise<RawAnswer | undefined> {
  const socket = await dial(server.url())
  socket.write(beginning)
  const drops = setInterval(() => socket.write('x'), 200)
  const answer = await answerOn(socket)
  clearInterval(drops)
  socket.destroy()
  return answer
}

/** The first answer on a connection, and how many there were until the server closed it. */
async function untilClosed(
  socket: Awaited<ReturnType<typeof dial>>,
): Promise<{ answer: RawAnswer | undefined; answers: number }> {
  const { promise, resolve } = Promise.withResolvers<number>()
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.once('close', () => resolve(received.split('HTTP/1.1 ').length - 1))
  return { answer: await answerOn(socket), answers: await promise }
}

function isProblem(t: Test, answer: RawAnswer | undefined, statuses: number[], code: string, message = code): void {
  const { status = 0, headers = {}, body = '{}' } = answer ?? {}
  t.ok(statuses.includes(status), `${message}: ${status}`)
  t.equal(headers['content-type'], 'application/problem+json')
  t.match(JSON.parse(body), { status, code, requestId: headers['x-request-id'] ?? 'none' })
}
