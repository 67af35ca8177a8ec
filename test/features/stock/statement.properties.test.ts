import { deepEqual } from 'node:assert/strict'
import { DateTime } from 'luxon'
import t from 'tap'
import { fc } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { type ServiceShelf, shelfOfService } from '../../support/service-shelf.ts'
import { histories, tell } from '../../support/stock-history.ts'
import { tamper } from '../../support/superuser.ts'
import { range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'

const RUNS = 4
const ZONE = 'Europe/Paris'
const CHANGES = {
  deliveries: 1,
  transfersIn: 1,
  transfersOut: -1,
  dispensed: -1,
  reversed: 1,
  losses: -1,
  returns: -1,
  countDifferences: 1,
  discrepancies: 1,
} as const

const service = await startService(t)
const world = await makeWorld(service, 1_000_000)
const partner = await world.pharmacy(999)
let shelves = 0

t.test('whatever happens in whatever order, days follow one another and add up to the whole', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const shelf = await shelfOfService(service, world, ++shelves, partner.finess)
      const told = totalling(shelf)
      await tell(told.shelf, history)
      await spread(shelf.finess)
      const today = DateTime.now().setZone(ZONE)
      const days = range(14).map((back) => today.minus({ days: 13 - back }).toISODate() ?? '')
      const of = async (from = '', to = '') => {
        const [item] = must(
          200,
          await service.call('GET', `/v1/pharmacies/${shelf.finess}/statement?from=${from}&to=${to}`, shelf),
        ).body.items
        if (item === undefined) return undefined // Nothing was ever told.
        deepEqual(item.opening + changeOf(item), item.closing)
        return item
      }
      const whole = await of(days[0], days.at(-1))
      if (!whole) return
      const each = await Promise.all(days.map((day) => of(day, day)))
      deepEqual([whole.opening, whole.closing], [0, await shelf.onHand()])
      for (const [nth, item] of each.entries()) {
        deepEqual(item.opening, nth === 0 ? 0 : each[nth - 1].closing, days[nth])
      }
      for (const name of Object.keys(CHANGES)) {
        const sum = each.reduce((total, item) => total + item[name], 0)
        deepEqual(sum, whole[name], name)
        if (name in told.totals) deepEqual(whole[name], told.totals[name], `${name} as the till has it`)
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  )
})

function changeOf(item: Record<string, number>): number {
  return Object.entries(CHANGES).reduce((sum, [name, sign]) => sum + sign * (item[name] ?? Number.NaN), 0)
}

/** The same shelf, with what its till adds up itself. */
function totalling(shelf: ServiceShelf) {
  const totals: Record<string, number> = {}
  const names = {
    delivery: 'deliveries',
    transfer_in: 'transfersIn',
    transfer_out: 'transfersOut',
    return_to_supplier: 'returns',
    loss: 'losses',
  } as Record<string, string>
  for (const name of [...Object.values(names), 'dispensed', 'reversed']) totals[name] = 0
  const add = (name: string, masks: number) => {
    totals[name] = (totals[name] ?? 0) + masks
  }
  const handed = new Map<string, number>()
  const counting: ServiceShelf = {
    ...shelf,
    async move(fact, place, arrival) {
      const moved = await shelf.move(fact, place, arrival)
      if (moved !== 'refused') add(names[fact.what] ?? '', Math.abs(moved.change))
      return moved
    },
    async handOver(quantity, place, arrival) {
      const made = await shelf.handOver(quantity, place, arrival)
      if (made !== 'refused') {
        add('dispensed', quantity)
        handed.set(made.id, quantity)
      }
      return made
    },
    async reverse(id, kind, arrival) {
      add('reversed', handed.get(id) ?? 0)
      return shelf.reverse(id, kind, arrival)
    },
  }
  return { shelf: counting, totals }
}

/** Draws what happened within minutes out over ten days and more, in the same order. */
function spread(pharmacy: string): Promise<void> {
  const drawn = (time: string) => `now() - (now() - ${time}) * 6000`
  return tamper(
    service,
    `update stock_movements set occurred_at = ${drawn('least(occurred_at, recorded_at)')}, recorded_at = ${drawn('recorded_at')} where pharmacy = '${pharmacy}'`,
  )
}
