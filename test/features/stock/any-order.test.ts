import { deepEqual } from 'node:assert/strict'
import t from 'tap'
import { invariantsHold } from '../../support/invariants.ts'
import { fc } from '../../support/seed.ts'
import { type Answer, startService } from '../../support/service.ts'
import { histories, onHandOf, type ToldShelf, tell } from '../../support/stock-history.ts'
import { makeWorld, must } from '../../support/world.ts'

const RUNS = 15
// A hand-over may be told for five minutes, and a run takes a few seconds.
const BEGAN_MS = 150_000
const APART_MS = 5_000
const AHEAD_MS = 60_000

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 1_000_000)
const partner = (await world.pharmacy(999)).finess
let shelves = 0

/** The shelf of a new pharmacy, told by its till; everything occurred before it is told. */
async function shelfOfService(): Promise<ToldShelf> {
  const n = ++shelves
  const [{ finess, token }, nurse] = [await world.pharmacy(n), await world.professional(n)]
  const began = Date.now() - BEGAN_MS
  const timeOf = (place: number) => new Date(began + place * APART_MS).toISOString()
  const stock = `/v1/pharmacies/${finess}/stock`
  const told = (occurredAt: string, recordedAt: string) => ({
    occurredAt: Date.parse(occurredAt),
    recordedAt: Date.parse(recordedAt),
  })
  const isRefused = ({ status, body }: Answer, code: string) => {
    if (status === 409) deepEqual(body.code, code)
    return status === 409
  }
  return {
    async onHand() {
      const { items } = must(200, await call('GET', stock, { token })).body
      return items[0]?.onHand ?? 0
    },
    async count(onHand, place) {
      const countedAt = timeOf(place)
      const answer = await call('PUT', `${stock}/surgical`, { token, body: { onHand, countedAt } })
      const isOutdated = isRefused(answer, 'stock_count_outdated')
      const { body } = isOutdated || answer.status === 201 ? answer : must(200, answer)
      return { isOutdated, ...told(countedAt, body.observedAt ?? new Date().toISOString()) }
    },
    async move({ what, quantity, isAhead }, place) {
      const isIn = what === 'delivery' || what === 'transfer_in'
      const occurredAt = isAhead && isIn ? new Date(Date.now() + AHEAD_MS).toISOString() : timeOf(place)
      const transfer = what.startsWith('transfer_') ? { counterparty: partner } : {}
      const body = { product: 'surgical', kind: what, quantity, occurredAt, ...transfer }
      const answer = await call('POST', `${stock}-movements`, { token, key: true, body })
      if (isRefused(answer, 'stock_insufficient')) return 'refused'
      const { change, recordedAt } = must(201, answer).body
      return { change, ...told(occurredAt, recordedAt) }
    },
    async handOver(quantity, place) {
      const answer = await world.dispense({ finess, token }, nurse.id, quantity, { dispensedAt: timeOf(place) })
      if (isRefused(answer, 'stock_insufficient')) return 'refused'
      const { id, dispensedAt, recordedAt } = must(201, answer).body
      return { id, ...told(dispensedAt, recordedAt) }
    },
    async reverse(id, kind) {
      const answer = await call('POST', `/v1/dispensations/${id}/reversal`, { token, key: true, body: { kind } })
      const { recordedAt } = must(201, answer).body
      return told(recordedAt, recordedAt)
    },
  }
}

t.test('whatever the order in which tills tell it, stock ends as its definition says', async (t) => {
  let exact = 0
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const shelf = await shelfOfService()
      const { known, short } = await tell(shelf, history)
      deepEqual(await shelf.onHand(), onHandOf(known) + short)
      if (short === 0) exact += 1
    }),
    { numRuns: RUNS, endOnFailure: true },
  )
  t.comment(`${exact} of ${RUNS} runs ended exactly, the others with a contradiction`)
  t.ok(exact > 0)
})

t.test('and the checks find each movement where the counts known then left it', (t) => invariantsHold(t, db))
