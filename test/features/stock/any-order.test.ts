import { deepEqual } from 'node:assert/strict'
import t from 'tap'
import { invariantsHold } from '../../support/invariants.ts'
import { fc } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { shelfOfService } from '../../support/service-shelf.ts'
import { histories, onHandOf, tell } from '../../support/stock-history.ts'
import { makeWorld } from '../../support/world.ts'

const RUNS = 15

const service = await startService(t)
const { db } = service
const world = await makeWorld(service, 1_000_000)
const partner = (await world.pharmacy(999)).finess
let shelves = 0

t.test('whatever the order in which tills tell it, stock ends as its definition says', async (t) => {
  let exact = 0
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const shelf = await shelfOfService(service, world, ++shelves, partner)
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
