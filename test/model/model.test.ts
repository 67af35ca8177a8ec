import t from 'tap'
import { invariantsHold } from '../support/invariants.ts'
import { fc, seed } from '../support/seed.ts'
import { type Answer, startService } from '../support/service.ts'
import { tally } from '../support/tally.ts'
import { makeWorld } from '../support/world.ts'
import { agreeOnRecords } from './agreement.ts'
import { MAX_LIVE_HOLDS, OVERRIDES_PER_WEEK } from './expectations.ts'
import { makeReality } from './reality.ts'
import type { Step } from './step.ts'
import { steps } from './steps.ts'

const RUNS = 15 // As many on any machine, so that a seed plays the same on each.
const SHRINKING_MS = 60_000
const LONGEST_SEQUENCE = 100

const service = await startService(t, { MAX_LIVE_HOLDS, OVERRIDES_PER_WEEK })
const world = await makeWorld(service, null)

t.test('whatever happens in whatever order, the service does what the pure model does', async (t) => {
  const posted: Answer[] = []
  let corners = 0
  let played = 0
  const play = async (sequence: Iterable<Step>) => {
    const { model, real } = await makeReality(service, world, corners++)
    await fc.asyncModelRun(() => ({ model, real }), sequence)
    await agreeOnRecords(model, real)
    played += real.played
    posted.push(...real.posted)
  }
  // Only the search for the shortest sequence that fails has a time that it must end in.
  let deadline = Number.POSITIVE_INFINITY
  const whatever = fc.asyncProperty(
    fc.commands(steps, { maxCommands: LONGEST_SEQUENCE, size: 'max' }),
    async (sequence) => {
      if (performance.now() > deadline) return
      await play(sequence).catch((error: unknown) => {
        deadline = Math.min(deadline, performance.now() + SHRINKING_MS)
        throw error
      })
    },
  )
  // A failure prints the seed, the path to the sequence, and the sequence itself.
  await fc.assert(whatever, { seed, numRuns: RUNS })
  t.comment(`seed ${seed}: ${played} steps in ${corners} runs: ${JSON.stringify(tally(posted))}`)
  t.equal(corners, RUNS, 'every run was played')
  await invariantsHold(t, service.db, { timeMoved: true })
})
