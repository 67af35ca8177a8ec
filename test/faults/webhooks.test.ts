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
import { letAttemptsBeDue, letWorkTimeOut, makeClient, makeEndpoint } from '../support/webhooks.ts'
import { makeWorld } from '../support/world.ts'

// WEBHOOK_EVENTS=10000 for the whole of it.
const EVENTS = Number(process.env.WEBHOOK_EVENTS ?? 96)
const PHARMACIES = EVENTS > 1_000 ? 100 : 12
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
    for (const signing of ['v1', 'v1a']) {
      const keys: string[] = []
      const receiver = await receive(t, `receiver of ${signing}`, keys)
      const body = { url: receiver.url, types: ['stock.declared'], signing }
      const { secret, publicKey } = await makeEndpoint(server, client.token, body)
      keys.push(secret ?? publicKey ?? '')
      receivers.push(receiver)
    }
    const taken = () => Math.min(...receivers.map((each) => each.taken.length))
    const happen = (from: number, to: number) => rows(db, 'happen', insertEvents(places, from, to))
    const reach = (count: number) =>
      until(
        `${taken()} of ${count} had arrived`,
        async () => {
          await letAttemptsBeDue(db)
          return taken() >= count
        },
        LONGEST_MS,
      )
    await happen(0, EVENTS / 2)
    for (const share of [4, 2]) {
      await reach(EVENTS / share / 2)
      server.signal('SIGKILL')
      await server.ended()
      await happen(share === 4 ? EVENTS / 2 : EVENTS, EVENTS)
      await letWorkTimeOut(db)
      await server.start()
    }
    await reach(EVENTS)
    for (const { taken, tooEarly, refused, failed } of receivers) {
      t.same(new Set(taken), new Set(Array.from({ length: EVENTS }, (_, n) => String(n))), 'none is lost')
      t.same(tooEarly, [], 'none came before the one ahead of it had arrived')
      t.equal(refused(), 0, 'every signature was right')
      t.ok(failed() > EVENTS / 4)
    }
  },
)

/** Half the receiver's answers are failures; whatever it took counts as arrived. */
async function receive(t: Test, name: string, keys: string[]) {
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
