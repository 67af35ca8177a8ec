import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { type WebhookEvent, webhookReceiver } from '../../docs/examples/webhook-receiver.ts'
import { rows } from '../../src/db/query.ts'
import { json, sql } from '../../src/db/sql.ts'
import { loadSigningKeys } from '../../src/keys/signing-keys.ts'
import { makeDatabase, serverUrl } from '../support/database.ts'
import { listenForGood } from '../support/lasting-port.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { chanceFor } from '../support/seed.ts'
import { until } from '../support/until.ts'
import { dropBackOff, letWorkTimeOut, makeClient, makeEndpoint } from '../support/webhooks.ts'
import { makeWorld } from '../support/world.ts'

// WEBHOOK_EVENTS=10000 for the whole of it.
const EVENTS = Number(process.env.WEBHOOK_EVENTS ?? 48)
const PHARMACIES = EVENTS > 1_000 ? 100 : 8
const LONGEST_MS = EVENTS > 1_000 ? 1_800_000 : 60_000

t.test(
  `${EVENTS} events, receivers that fail half the time, two kills: each arrives, in order per pharmacy, rightly signed`,
  { skip: serverUrl ? false : 'the test reads the database beside the server', timeout: LONGEST_MS * 2 },
  async (t) => {
    const { db, url = '', drop } = await makeDatabase(4)
    t.teardown(drop)
    const dataDir = await makeFolder(t)
    const env = { DATABASE_URL: url, WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8', WEBHOOK_TIMEOUT_SECONDS: '1' }
    const server = makeServer(t, env, dataDir)
    await server.start()
    const world = await makeWorld(server, null)
    const places: string[] = []
    for (let n = 1; n <= PHARMACIES; n++) places.push((await world.pharmacy(n)).finess)
    const [key] = await loadSigningKeys({ DATA_DIR: dataDir })
    const client = await makeClient({ ...server, key }, { role: 'pharmacy', finess: places })
    const receivers: Awaited<ReturnType<typeof receive>>[] = []
    const taken = () => Math.min(...receivers.map((each) => each.taken.length))
    let killAt = EVENTS / 8
    // What it is killed by has arrived, and it does not know.
    const onTaken = () => {
      if (taken() < killAt) return
      killAt = Number.POSITIVE_INFINITY
      server.signal('SIGKILL')
    }
    for (const signing of ['v1', 'v1a']) {
      const keys: string[] = []
      const receiver = await receive(t, `receiver of ${signing}`, keys, onTaken)
      const body = { url: receiver.url, types: ['stock.declared'], signing }
      const { secret, publicKey } = await makeEndpoint(server, client.token, body)
      keys.push(secret ?? publicKey ?? '')
      receivers.push(receiver)
    }
    const happen = (from: number, to: number) => rows(db, 'happen', insertEvents(places, from, to))
    await dropBackOff(db)
    await happen(0, EVENTS / 2)
    for (const [happened, next] of [
      [EVENTS / 2, EVENTS / 4],
      [EVENTS, Number.POSITIVE_INFINITY],
    ] as const) {
      await server.ended()
      t.ok(taken() < happened, 'it was killed before all had arrived')
      await happen(happened, EVENTS)
      await letWorkTimeOut(db)
      killAt = next
      server.launch()
    }
    await until('some had not arrived', () => taken() >= EVENTS, LONGEST_MS)
    for (const { taken, tooEarly, refused, failed } of receivers) {
      t.same(new Set(taken), new Set(Array.from({ length: EVENTS }, (_, n) => String(n))), 'none is lost')
      t.same(tooEarly, [], 'none came before the one ahead of it had arrived')
      t.equal(refused(), 0, 'every signature was right')
      t.ok(failed() > EVENTS / 4)
    }
  },
)

/** Half the receiver's answers are failures; whatever it took counts as arrived. */
async function receive(t: Test, name: string, keys: string[], onTaken: () => void) {
  const chance = chanceFor(name)
  const taken: string[] = []
  const tooEarly: string[] = []
  let [refused, failed] = [0, 0]
  const take = ({ data: { n = '', pharmacy, before } }: WebhookEvent) => {
    if (before !== undefined && !taken.includes(before)) tooEarly.push(`${n} at ${pharmacy}`)
    if (chance.happens(0.5)) {
      failed++
      throw new Error('not now')
    }
    taken.push(n)
    onTaken()
  }
  const listener = webhookReceiver(keys, take)
  const server = createServer((request, response) => {
    response.on('finish', () => {
      if (response.statusCode === 401) refused++
    })
    void listener(request, response)
  })
  const port = await listenForGood(server)
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${port}/`
  return { url, taken, tooEarly, refused: () => refused, failed: () => failed }
}

/** Events as a write of the service leaves them, in turn at every pharmacy; each names the one before it there. */
function insertEvents(places: readonly string[], from: number, to: number) {
  const events = Array.from({ length: Math.max(0, to - from) }, (_, nth) => {
    const n = from + nth
    const pharmacy = places[n % places.length]
    const before = n - places.length
    return { subject: pharmacy, ids: { pharmacy, n: String(n), ...(before >= 0 && { before: String(before) }) } }
  })
  return sql`insert into events (type, subject, ids, at)
    select 'stock.declared', subject, ids, clock_timestamp()
    from jsonb_to_recordset(${json(events)}) as t(subject text, ids jsonb)`
}
