import { deepEqual } from 'node:assert/strict'
import type { Answer, Service } from './service.ts'
import type { ToldShelf } from './stock-history.ts'
import { must, type World } from './world.ts'

// A hand-over may be told for five minutes, and a run takes a few seconds.
const BEGAN_MS = 150_000
const APART_MS = 5_000
const AHEAD_MS = 60_000

/** A shelf of the service, and the pharmacy and the professional whose it is. */
export type ServiceShelf = ToldShelf & { finess: string; token: string; nurse: { id: string; token: string } }

/** The shelf of a new pharmacy, told by its till; everything occurred before it is told. */
export async function shelfOfService(
  { call }: Pick<Service, 'call'>,
  world: World,
  n: number,
  partner: string,
): Promise<ServiceShelf> {
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
    finess,
    token,
    nurse,
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
