import { writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { openTill } from '../../docs/examples/till.ts'
import { makeClient, tokenOf } from '../support/clients.ts'
import { invariantsHold } from '../support/invariants.ts'
import { listenForGood } from '../support/lasting-port.ts'
import { makeFolder } from '../support/process.ts'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

const PRODUCTS = Array.from({ length: 12 }, (_, nth) => ({ code: `mask-${nth + 1}`, gtin: gtin(nth + 1) }))
const UNITS = 50
const BOXES_COUNTED = 8
const CUT_EVERY = 9
const DAY_MS = 86_400_000

const service = await startService(t)
const { call, db, app } = service
const world = await makeWorld(service, null)
const { admin } = world
for (const { code, gtin: pack } of PRODUCTS) {
  const body = { name: code, kind: 'mask', packs: [{ gtin: pack, unitsPerBox: UNITS }], active: true }
  must(201, await call('PUT', `/v1/products/${code}`, { token: admin, body }))
}
await world.rule({ products: PRODUCTS.map(({ code }) => code), cap: 100_000 })
const place = await world.pharmacy(1)
const nurses = await Promise.all(Array.from({ length: 10 }, (_, nth) => world.professional(nth + 1)))
const scopes = ['stock:read', 'stock:write', 'reservations:read', 'dispensations:read', 'dispensations:write']
const client = await makeClient(service, admin, { scopes })
const { id: clientId, secret: clientSecret } = client
must(201, await call('PUT', `/v1/pharmacies/${place.finess}/grants/${clientId}`, { token: place.token, body: {} }))

/** The nth pack's GTIN, with its check digit, in a range that no pack on sale has. */
function gtin(nth: number): string {
  const digits = `020000000${String(nth).padStart(4, '0')}`
  const sum = [...digits].reduce((total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 3 : 1), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}

/** A network to the service that loses every so many answers after they were sent. */
async function badNetwork(): Promise<{ url: string; lost: () => number }> {
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const sockets = new Set<Socket>()
  let answers = 0
  let lost = 0
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    client.pipe(upstream)
    upstream.on('data', (bytes) => {
      answers++
      if (answers % CUT_EVERY !== 0) return client.write(bytes)
      lost++
      return client.destroy()
    })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => [client, upstream].map((each) => each.destroy()))
    }
  })
  const url = `http://127.0.0.1:${await listenForGood(server)}`
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url, lost: () => lost }
}

/** What a write was answered, as every one is while the service is there. */
function answered<Answer>({ answer }: { answer?: Answer }): Answer {
  if (answer === undefined) throw new Error('it was kept, and not answered')
  return answer
}

/** The till's own books, by product. */
function books() {
  const totals = Object.fromEntries(
    PRODUCTS.map(({ code }) => [code, { countDifferences: 0, deliveries: 0, dispensed: 0, reversed: 0 }]),
  )
  type Column = 'countDifferences' | 'deliveries' | 'dispensed' | 'reversed'
  return {
    add(column: Column, lines: readonly { product: string; quantity: number }[]) {
      for (const { product, quantity } of lines) {
        const total = totals[product]
        if (total) total[column] += quantity
      }
    },
    items: () =>
      Object.entries(totals).map(([product, { countDifferences, deliveries, dispensed, reversed }]) => ({
        ...{ product, opening: 0, countDifferences, deliveries, dispensed, reversed },
        closing: countDifferences + deliveries - dispensed + reversed,
      })),
  }
}

t.test('a till’s whole day on a bad network: the statement equals its own books, mask by mask', async (t) => {
  const folder = await makeFolder(t)
  const { url, lost } = await badNetwork()
  const open = (name: string) =>
    openTill({
      ...{ url, auth: { clientId, clientSecret }, pharmacy: place.finess, operator: name },
      ...{ journal: join(folder, name), tries: 4, timeoutMs: 60_000 },
    })
  const [anna, ben] = await Promise.all([open('anna'), open('ben')])
  const own = books()
  const nth = <T>(list: readonly T[], index: number) => list[index % list.length] as T
  const identityCheck = { method: 'cps_card' as const }

  for (const { code, gtin: pack } of PRODUCTS) {
    const counted = await anna.count(`01${pack}17280600`, BOXES_COUNTED)
    t.equal(counted.answer?.onHand, BOXES_COUNTED * UNITS)
    own.add('countDifferences', [{ product: code, quantity: BOXES_COUNTED * UNITS }])
  }
  const lines = PRODUCTS.slice(0, 8).map(({ gtin: pack }, line) => ({
    scan: `]d201${pack}10LOT${line}`,
    boxes: line + 1,
  }))
  const note = { reference: 'BL-2026-1', occurredAt: new Date().toISOString(), lines }
  const { movements } = await anna.deliver(note)
  t.strictSame(
    movements.map(({ lot }) => lot),
    lines.map((_, line) => `LOT${line}`),
    'with the lots that the packs say',
  )
  own.add('deliveries', movements)

  // Fifteen walk-ins at each of two tills, at once.
  const walkIns = async (till: typeof anna, from: number) => {
    const done = []
    for (let customer = from; customer < from + 15; customer++) {
      const masks =
        customer % 3 === 0
          ? { scan: `01${nth(PRODUCTS, customer).gtin}` }
          : { product: nth(PRODUCTS, customer).code, quantity: (customer % 7) + 1 }
      const handedOver = await till.handOver({ professional: nth(nurses, customer).id, identityCheck, lines: [masks] })
      own.add('dispensed', answered(handedOver).lines)
      done.push(handedOver)
    }
    return done
  }
  const [first = []] = await Promise.all([walkIns(anna, 0), walkIns(ben, 15)])

  for (const [customer, { id: professional, token }] of nurses.entries()) {
    const wanted = { product: nth(PRODUCTS, customer).code, quantity: 5 }
    const { id, pickupCode } = must(201, await world.reserve(token, { ...wanted, pharmacy: place.finess })).body
    const reservations = [{ id, pickupCode }]
    const collected = await nth([anna, ben], customer).handOver({
      professional,
      identityCheck,
      lines: [wanted],
      reservations,
    })
    t.match(answered(collected).reservations, [{ id, outcome: 'collected' }])
    own.add('dispensed', answered(collected).lines)
  }

  for (const [mistake, given] of first.slice(0, 3).entries()) {
    await anna.takeBack(given, mistake === 0 ? 'returned' : 'entry_error')
    own.add('reversed', answered(given).lines)
  }
  const tooMany = anna.handOver({
    professional: nurses[0]?.id ?? '',
    identityCheck,
    lines: [{ product: 'mask-1', quantity: 9_999 }],
  })
  t.equal(await tooMany.catch(({ problem }) => problem.code), 'stock_insufficient')

  // A power cut at Ben's: one hand-over had been done unseen, the other never left the till.
  await ben.close()
  const journal = join(folder, 'ben')
  const handedOver = { kind: 'dispensation' as const, body: { professional: nurses[1]?.id ?? '', identityCheck } }
  const seen = { product: 'mask-2', quantity: 2 }
  const dispensedAt = new Date().toISOString()
  const unseen = { key: 'done-unseen', body: { ...handedOver.body, lines: [seen], dispensedAt } }
  must(201, await call('POST', '/v1/dispensations', { token: await tokenOf(service, client), ...unseen }))
  const neverSent = { ...unseen, key: 'never-sent' }
  const noted = [unseen, neverSent].map(({ key, body }) =>
    JSON.stringify([{ item: { key, kind: 'dispensation', body } }]),
  )
  await writeFile(journal, `${noted.join('\n')}\n[{"item":{"key":"torn`)
  const again = await open('ben')
  t.same(await again.queue.waiting(), [])
  own.add('dispensed', [seen, seen])

  const days = [-DAY_MS, DAY_MS].map((shift) => new Date(Date.now() + shift).toISOString().slice(0, 10))
  const statement = await anna.statement(...(days as [string, string]))
  t.match(
    [...statement.items].sort((a, b) => a.product.localeCompare(b.product)),
    own.items().sort((a, b) => a.product.localeCompare(b.product)),
  )
  t.ok(lost() > 0, `${lost()} answers were lost on the way`)
  await Promise.all([anna, again].map((till) => till.close()))
  await invariantsHold(t, db)
})
