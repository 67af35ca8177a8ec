import type { Answer, Service } from '../support/service.ts'
import type { World } from '../support/world.ts'
import type { Outcome } from './history-checker.ts'

export type Place = Awaited<ReturnType<World['pharmacy']>>
export type Person = Awaited<ReturnType<World['professional']>>

/** A hand-over that was acknowledged, so that anybody may take it back. */
export interface Made {
  id: string
  mark: string
  person: Person
  place: Place
  quantity: number
}

/** One call: what it would change, how to send it, and what its answer says of that. */
export interface Call {
  changes: Record<string, number>
  send(): Promise<Answer>
  read(answer: Answer): Outcome
}

/** A hand-over, with its mark as the lot. */
export function handOver({ call }: Service, mark: string, person: Person, place: Place, quantity: number): Call {
  const [used, shelf] = [`entitlement of ${person.id}`, `shelf of ${place.finess}`]
  const lines = [{ product: 'surgical', quantity, lot: mark }]
  const body = { professional: person.id, identityCheck: { method: 'cps_card' }, lines }
  return {
    changes: { [used]: quantity, [shelf]: -quantity },
    send: () => call('POST', '/v1/dispensations', { token: place.token, key: true, body }),
    read({ status, body: { code, sequence, remaining, available } }) {
      if (status === 201) return { kind: 'done', said: { [used]: { position: sequence, room: remaining[0].quantity } } }
      if (code === 'entitlement_exceeded') return { kind: 'refused', thing: used, room: remaining[0].quantity }
      if (code === 'stock_insufficient') return { kind: 'refused', thing: shelf, room: available }
      throw new Error(`${mark}: ${status} ${code}`)
    },
  }
}

/** The whole of a hand-over taken back. */
export function reversal({ call }: Service, mark: string, { id, mark: original, person, place, quantity }: Made): Call {
  const [used, taken] = [`entitlement of ${person.id}`, `hand-over ${original}`]
  const body = { kind: 'returned', lines: [{ product: 'surgical', quantity }] }
  return {
    changes: { [used]: -quantity, [`shelf of ${place.finess}`]: quantity, [taken]: quantity },
    send: () => call('POST', `/v1/dispensations/${id}/reversal`, { token: place.token, key: true, body }),
    read({ status, body: { code, sequence, remaining, reversible } }) {
      if (status === 201) return { kind: 'done', said: { [used]: { position: sequence, room: remaining[0].quantity } } }
      if (code === 'reversal_exceeds_dispensed')
        return { kind: 'refused', thing: taken, room: reversible[0]?.quantity ?? 0 }
      throw new Error(`${mark}: ${status} ${code}`)
    },
  }
}

/** A delivery, with its mark as the reference. */
export function delivery({ call }: Service, mark: string, { finess, token }: Place, quantity: number): Call {
  const shelf = `shelf of ${finess}`
  return {
    changes: { [shelf]: quantity },
    send: () =>
      call('POST', `/v1/pharmacies/${finess}/stock-movements`, {
        token,
        key: true,
        body: {
          product: 'surgical',
          kind: 'delivery',
          quantity,
          occurredAt: new Date().toISOString(),
          reference: mark,
        },
      }),
    read({ status, body: { code, stock } }) {
      if (status === 201) return { kind: 'done', said: { [shelf]: { position: stock.version, room: stock.available } } }
      throw new Error(`${mark}: ${status} ${code}`)
    },
  }
}
