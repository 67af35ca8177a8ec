import type { Socket } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { cutGreedySockets } from '../../src/http/sockets.ts'
import { attacking } from '../support/attack.ts'
import { answerOn, dial } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'
import { range } from '../support/tally.ts'
import { until } from '../support/until.ts'

const HOST = 'Host: localhost\r\n'
const HEALTH = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`

const { app } = await startService(t)
const url = await listen(app)

t.test('one socket that reads nothing and asks 1,500 times is cut, and nobody else waits', async (t) => {
  const socket = await dial(url)
  const cut = new Promise((resolve) => socket.once('close', resolve))
  socket.write(`GET /docs/js/scalar.js HTTP/1.1\r\n${HOST}\r\n${HEALTH.repeat(attacking(1_500))}`)
  socket.resume()
  await cut
  t.equal((await app.inject({ url: '/v1/products' })).statusCode, 200)
})

t.test('eight requests ahead of their answers are answered in order on one connection', async () => {
  const socket = await dial(url)
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.write(HEALTH.repeat(8))
  await until('not all were answered', () => received.split('HTTP/1.1 200').length === 9)
  socket.destroy()
})

t.test('answers that nobody reads take up no share of the work, nor do bodies that never come', async (t) => {
  let begun = 0
  app.server.on('request', () => begun++)
  for (const socket of await connections(t, attacking(150))) {
    socket.pause()
    socket.write(`GET /docs/js/scalar.js HTTP/1.1\r\n${HOST}\r\n${HEALTH.repeat(3)}`)
  }
  for (const socket of await connections(t, attacking(300))) {
    socket.write(
      `POST /oauth/token HTTP/1.1\r\n${HOST}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\n`,
    )
  }
  await until('it did not begin with all of them', () => begun >= attacking(450))
  t.equal((await app.inject({ url: '/v1/products' })).statusCode, 200, 'the same address is served')
})

t.test('404 and 401 are answered before the body has come', async (t) => {
  for (const [path, status] of [
    ['/nothing', 404],
    ['/oauth/nothing', 404],
    ['/v1/reservations', 401],
  ] as const) {
    const socket = await dial(url)
    socket.write(`POST ${path} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 10\r\n\r\n`)
    t.equal((await answerOn(socket))?.status, status, path)
    socket.destroy()
  }
})

t.test('a connection that takes in nothing of its answer is cut', async (t) => {
  const app = fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  const cut = Promise.withResolvers<void>()
  app.server.on('connection', (socket) => socket.once('close', () => cut.resolve()))
  cutGreedySockets(app, 50)
  app.get('/', async () => 'x'.repeat(50_000_000))
  const socket = await dial(await listen(app))
  t.teardown(() => socket.destroy())
  socket.pause()
  socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`)
  await cut.promise
})

async function connections(t: Test, count: number): Promise<Socket[]> {
  const sockets = await Promise.all(range(count).map(() => dial(url)))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  return sockets
}

async function listen(app: FastifyInstance): Promise<string> {
  return app.listen({ host: '127.0.0.1', port: 0 })
}
