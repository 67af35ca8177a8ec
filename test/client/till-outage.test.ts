import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { openTill } from '../../docs/examples/till.ts'
import { makeClient } from '../support/clients.ts'
import { gomask } from '../support/command.ts'
import { makeDatabase, serverUrl } from '../support/database.ts'
import { inherited } from '../support/environment.ts'
import { listenForGood } from '../support/lasting-port.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { makeWorld, must } from '../support/world.ts'

const skip = serverUrl ? false : 'a server of its own is killed, which starts sooner on PostgreSQL'
const COUNTED = 1_000
const DAY_MS = 86_400_000
const TILL = new URL('../../docs/examples/till.ts', import.meta.url).href

/** A till as a program of its own, which sells until it is killed, and says each hand-over once it is done for good. */
const PROGRAM = `
  import { openTill } from ${JSON.stringify(TILL)}
  const { options, professional, name } = JSON.parse(process.env.TILL)
  const till = await openTill(options)
  for (let nth = 0; ; nth++) {
    const lines = [{ product: 'surgical', quantity: 1, lot: name + nth }]
    const { answer } = await till.handOver({ professional, identityCheck: { method: 'cps_card' }, lines })
    process.stdout.write(JSON.stringify({ lot: name + nth, isOnline: answer !== undefined }) + '\\n')
  }`

interface Said {
  lot: string
  isOnline: boolean
}

t.test(
  'a till sells through an outage and a power cut of its own, and loses and doubles nothing',
  { skip },
  async (t) => {
    const { url: database = '', drop } = await makeDatabase(1)
    t.teardown(drop)
    const socket = createServer()
    const port = await listenForGood(socket)
    await new Promise((closed) => socket.close(closed))
    const folder = await makeFolder(t)
    const server = makeServer(
      t,
      { DATABASE_URL: database, DATABASE_POOL: '3', PORT: String(port) },
      join(folder, 'service'),
    )
    await server.start()
    const world = await makeWorld(server, 10_000)
    const place = await world.pharmacy(1)
    const nurse = await world.professional(1)
    must(201, await world.count(place, COUNTED))
    const { id, secret } = await makeClient(server, world.admin, {
      scopes: ['stock:read', 'stock:write', 'dispensations:read', 'dispensations:write'],
    })
    must(201, await server.call('PUT', `/v1/pharmacies/${place.finess}/grants/${id}`, { token: place.token, body: {} }))
    const options = {
      ...{ url: `http://127.0.0.1:${port}`, auth: { clientId: id, clientSecret: secret }, pharmacy: place.finess },
      ...{ operator: 'anna', journal: join(folder, 'journal') },
    }

    /** Runs a till until it has said enough, then cuts its power. */
    const sellUntil = async (name: string, isEnough: (said: Said[]) => boolean): Promise<Said[]> => {
      const env = { ...inherited, TILL: JSON.stringify({ options, professional: nurse.id, name }) }
      const stdio = ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit']
      const till = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], { env, stdio })
      const exit = once(till, 'exit')
      const said: Said[] = []
      for await (const line of createInterface({ input: till.stdout })) {
        said.push(JSON.parse(line))
        if (isEnough(said)) till.kill('SIGKILL')
      }
      t.match(await exit, [null, 'SIGKILL'])
      return said
    }

    const offLine = (said: Said[]) => said.filter(({ isOnline }) => !isOnline).length
    const first = await sellUntil('A', (said) => {
      const online = said.length - offLine(said)
      if (online === 4 && said.at(-1)?.isOnline) server.signal('SIGKILL')
      return online >= 4 && offLine(said) >= 3
    })
    t.match(await server.ended(), { signal: 'SIGKILL' })
    const second = await sellUntil('B', (said) => said.length >= 2)
    t.equal(offLine(second), 2, 'opened with no service there')

    const till = await openTill(options)
    const identityCheck = { method: 'cps_card' as const }
    const slip = await till.handOver({
      professional: nurse.id,
      identityCheck,
      lines: [{ product: 'surgical', quantity: 9, lot: 'slip' }],
    })
    await till.takeBack(slip, 'returned')
    const kept = await till.queue.waiting()
    await t.rejects(till.reconcile(), 'the service is still away')
    t.same(await till.queue.waiting(), kept)

    await server.start()
    const { results, refused } = await till.reconcile()
    t.same([results.length, refused, await till.queue.waiting()], [kept.length, [], []])
    const isDone = (key: string) => results.find((each) => each.key === key)?.status
    t.equal(isDone(slip.key), 201)
    t.same((await till.reconcile()).results, [], 'nothing is left to send')

    const { items } = must(200, await server.call('GET', '/v1/dispensations?limit=100', { token: place.token })).body
    const lotsOf = (kind: string): string[] =>
      items
        .filter((entry: { kind: string }) => entry.kind === kind)
        .map((entry: { lines: { lot: string }[] }) => entry.lines[0]?.lot)
    const lots = lotsOf('dispensation')
      .filter((lot) => lot !== 'slip')
      .sort()
    const said = [...first, ...second].map(({ lot }) => lot)
    t.equal(new Set(lots).size, lots.length, 'each hand-over once')
    t.same(
      said.filter((lot) => !lots.includes(lot)),
      [],
      'and each that the till had said was done',
    )
    t.ok(lots.length <= said.length + 2, 'besides at most the one under way at each power cut')

    const days = [-DAY_MS, DAY_MS].map((shift) => new Date(Date.now() + shift).toISOString().slice(0, 10))
    const statement = await till.statement(...(days as [string, string]))
    const dispensed = lots.length + 9
    t.match(statement.items, [
      {
        opening: 0,
        countDifferences: COUNTED,
        dispensed,
        reversed: 9,
        closing: COUNTED - lots.length,
        discrepancies: 0,
      },
    ])
    await till.close()
    server.signal('SIGTERM')
    await server.ended()
    t.match(await gomask(['check'], { DATABASE_URL: database }), { code: 0 })
  },
)
