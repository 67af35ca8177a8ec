import { join } from 'node:path'
import t from 'tap'
import { oneRow, rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { gomask } from '../support/command.ts'
import { makeDatabase, onServerOnly } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { chanceFor, seededUuid } from '../support/seed.ts'
import { range } from '../support/tally.ts'
import { minutesAgo } from '../support/times.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

/** OFFLINE=40 plays the size that was asked for: 2,000 items over 40 pharmacies. */
const PHARMACIES = Number(process.env.OFFLINE ?? 3)
const ITEMS = 50
const PEOPLE = PHARMACIES * 5
const STOCK = 10_000

const chance = chanceFor('offline')

t.test(
  'a killed server, two batches at once and half of it online too: what happened, once',
  { skip: onServerOnly },
  async (t) => {
    const { db, url = '', drop } = await makeDatabase(4)
    t.teardown(drop)
    const folder = await makeFolder(t)
    const server = makeServer(t, { DATABASE_URL: url, DATABASE_POOL: '8' }, folder)
    await server.start()
    const world = await makeWorld(server, 60)
    const people = []
    for (const n of range(PEOPLE)) people.push((await world.professional(n)).id)
    const places: Place[] = []
    for (const n of range(PHARMACIES)) {
      const place = await world.pharmacy(n)
      const count = { onHand: STOCK, countedAt: minutesAgo(180) }
      must(
        201,
        await server.call('PUT', `/v1/pharmacies/${place.finess}/stock/surgical`, { token: place.token, body: count }),
      )
      places.push({ ...place, items: shuffled(itemsOf(people)) })
    }

    const batch = ({ finess, token }: Place, items: Item[]) =>
      server.call('POST', `/v1/pharmacies/${finess}/offline-batches`, {
        token,
        body: { items: items.map(({ quantity: _, ...item }) => item) },
      })
    const online = ({ token }: Place, { key, body: { dispensedAt: _, ...body } }: Item) =>
      server.call('POST', '/v1/dispensations', { token, key, body })
    const sendAll = () =>
      Promise.allSettled(
        places.flatMap((place) => {
          const { items } = place
          const handOvers = items.filter(({ kind }) => kind === 'dispensation')
          const half = handOvers.slice(0, handOvers.length / 2)
          return [
            batch(place, items.slice(0, 35)),
            batch(place, items.slice(15)),
            ...half.map((item) => online(place, item)),
          ]
        }),
      )

    const unfinished = sendAll()
    await until('a quarter is recorded', async () => (await entriesIn()) > (PHARMACIES * ITEMS) / 4)
    server.signal('SIGKILL')
    t.match(await server.ended(), { signal: 'SIGKILL' })
    await unfinished
    const left = await entriesIn()
    await server.start()
    await sendAll()
    for (const place of places) {
      must(200, await batch(place, place.items))
      const { items } = must(200, await batch(place, place.items)).body
      const missing = items.filter(({ outcome }: { outcome: string }) => outcome !== 'replayed')
      t.same(missing, [], 'nothing is left to record')
    }
    t.comment(`${left} of ${await entriesIn()} entries were there when the server was killed`)

    await t.test('each hand-over is in the history once, with its reversals, and no mask is missing', async (t) => {
      for (const { finess, items } of places) {
        const told = items.filter(({ kind }) => kind === 'dispensation')
        const back = items.filter(({ kind }) => kind === 'reversal')
        const moved = items.filter(({ kind }) => kind === 'movement')
        const sum = (of: Item[]) => of.reduce((total, { quantity }) => total + quantity, 0)
        const given = told.map(({ key, body, quantity }) => [key, body.professional, quantity])
        t.same(await handOversOf(finess), given.toSorted(), `the hand-overs of ${finess}`)
        const { onHand } = await stockOf(finess)
        t.equal(onHand, STOCK - sum(told) + sum(back) + sum(moved), `the stock of ${finess}`)
      }
    })
    await t.test('every invariant holds, and the ledger verifies', async (t) => {
      await invariantsHold(t, db)
      const env = { DATABASE_URL: url, DATA_DIR: folder }
      await until('all entries are in the log', async () => (await pending()) === 0)
      const file = join(folder, 'ledger.ndjson')
      await until('a checkpoint is published', async () => (await gomask(['export-ledger', file], env)).code === 0)
      t.match(await gomask(['verify-ledger', file]), { code: 0, stdout: /^The bundle verifies/ })
    })

    async function entriesIn(): Promise<number> {
      return (await oneRow<{ n: number }>(db, 'entries_in', sql`select count(*)::int as n from ledger_entries`)).n
    }
    async function pending(): Promise<number> {
      return (await oneRow<{ n: number }>(db, 'pending_in', sql`select count(*)::int as n from log_pending`)).n
    }
    async function handOversOf(finess: string): Promise<unknown[]> {
      const found = await rows<{ key: string; professional: string; quantity: number }>(
        db,
        'hand_overs_of',
        sql`select k.key, p.professional, l.quantity from ledger_entries e join ledger_payloads p on p.entry_id = e.id
            join ledger_lines l on l.entry_id = e.id join idempotency_keys k on k.made = e.id
          where e.pharmacy = ${finess} and e.kind = 'dispensation' order by k.key`,
      )
      return found.map(({ key, professional, quantity }) => [key, professional, quantity])
    }
    function stockOf(finess: string): Promise<{ onHand: number }> {
      return oneRow(
        db,
        'stock_of',
        sql`select on_hand as "onHand" from stock where pharmacy = ${finess} and product = 'surgical'`,
      )
    }
  },
)

interface Item {
  key: string
  kind: 'dispensation' | 'reversal' | 'movement'
  // biome-ignore lint/suspicious/noExplicitAny: that of an online call.
  body: any
  quantity: number
}

interface Place {
  finess: string
  token: string
  items: Item[]
}

/** What one pharmacy did within two hours: mostly hand-overs, of which every sixth is taken back by its key. */
function itemsOf(people: string[]): Item[] {
  const handOvers = range(ITEMS * 0.8).map((n): Item => {
    const quantity = chance.pick([1, 2, 3, 5, 8])
    const professional = chance.pick(people)
    const body = { ...dispensationBody(professional, quantity), dispensedAt: minutesAgo(120 - n) }
    return { key: seededUuid(), kind: 'dispensation', body, quantity }
  })
  const reversals = handOvers.slice(0, ITEMS * 0.12).map(({ key, quantity }): Item => {
    const body = { dispensation: key, kind: 'returned', occurredAt: minutesAgo(60) }
    return { key: seededUuid(), kind: 'reversal', body, quantity }
  })
  const movements = range(ITEMS * 0.08).map((n): Item => {
    const body = { product: 'surgical', kind: 'delivery', quantity: 10, occurredAt: minutesAgo(100 - n) }
    return { key: seededUuid(), kind: 'movement', body, quantity: 10 }
  })
  return [...handOvers, ...reversals, ...movements]
}

function shuffled<T>(items: T[]): T[] {
  return items
    .map((item) => ({ item, at: chance.pick(range(1_000)) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
