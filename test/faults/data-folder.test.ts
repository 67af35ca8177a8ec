import { rm } from 'node:fs/promises'
import t from 'tap'
import { gomask } from '../support/command.ts'
import { makeDataDir, onEmbeddedOnly } from '../support/database.ts'
import { makeServer } from '../support/process.ts'
import { answerOn, dial } from '../support/raw-http.ts'
import { seededUuid } from '../support/seed.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

t.test('the embedded database in its folder', { skip: onEmbeddedOnly }, async (t) => {
  const dataDir = await makeDataDir()
  t.teardown(() => rm(dataDir, { recursive: true }))
  const server = makeServer(t, {}, dataDir)
  await server.start()
  const world = await makeWorld(server)
  const place = await world.pharmacy(1)
  const { id, token } = await world.professional(1)
  must(201, await world.count(place, 100))
  const key = seededUuid()
  const dispense = () =>
    server.call('POST', '/v1/dispensations', { token: place.token, key, body: dispensationBody(id, 4) })

  await t.test('a second process on the folder is refused with one clear line and 1', async (t) => {
    const env = { DATA_DIR: dataDir, LOG_LEVEL: 'info', PORT: '0' }
    t.same(await gomask(['serve'], env), {
      code: 1,
      stdout: '',
      stderr: `gomask: ${dataDir} is in use by another process. If that is a running service, use its API (gomask token --role admin prints a token for it), or stop it first; or set DATA_DIR to another folder\n`,
    })
    t.equal((await server.call('GET', '/readyz')).status, 200, 'the first is not disturbed')
  })

  await t.test(
    'kill -9 right after an answer: the next process starts, and what was acknowledged is there',
    async (t) => {
      const done = must(201, await dispense())
      server.signal('SIGKILL')
      t.match(await server.ended(), { signal: 'SIGKILL' })
      await server.start()
      const history = await server.call('GET', '/v1/professionals/me/history', { token })
      t.match(history.body.items, [{ id: done.body.id, entryHash: done.body.entryHash }])
      t.equal(history.body.items.length, 1)
      const again = await dispense()
      t.match(again, { status: 201, headers: { 'idempotency-replayed': 'true' }, body: { id: done.body.id } })
    },
  )

  await t.test('SIGTERM with a connection open: exits 0, and the folder is free', async (t) => {
    const idle = await dial(server.url())
    idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    t.match(await answerOn(idle), { status: 200 })
    server.signal('SIGTERM')
    t.same(await server.ended(), { code: 0, signal: null })
    t.match(await gomask(['check'], { DATA_DIR: dataDir, LOG_LEVEL: 'warn' }), {
      code: 0,
      stdout: 'I1, I2, I3 and I6 hold, and the totals are those of the entries\n',
    })
  })
})
