import fc from 'fast-check'
import t from 'tap'
import { serverUrl } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { type Answer, startService } from '../support/service.ts'
import { tally } from '../support/tally.ts'
import { makeWorld } from '../support/world.ts'
import { agreeOnRecords } from './agreement.ts'
import { MAX_LIVE_HOLDS, OVERRIDES_PER_WEEK } from './expectations.ts'
import { makeReality } from './reality.ts'
import type { Step } from './step.ts'
import { steps } from './steps.ts'

const LONGEST_MS = 60_000
const RUNS = serverUrl ? 200 : 40
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
  // As many runs as there is time for; a failure gets that time again, to find the shortest sequence that fails.
  let deadline = performance.now() + LONGEST_MS
  let hasFailed = false
  const whatever = fc.asyncProperty(
    fc.commands(steps, { maxCommands: LONGEST_SEQUENCE, size: 'max' }),
    async (sequence) => {
      if (performance.now() > deadline) return
      await play(sequence).catch((error: unknown) => {
        if (!hasFailed) deadline = performance.now() + LONGEST_MS
        hasFailed = true
        throw error
      })
    },
  )
  // A failure prints the seed, the path to the sequence, and the sequence itself.
  const seed = Number(process.env.MODEL_SEED ?? Date.now() % 2 ** 31)
  await fc.assert(whatever, { seed, numRuns: RUNS })
  t.comment(`seed ${seed}: ${played} steps in ${corners} runs: ${JSON.stringify(tally(posted))}`)
  t.ok(played > 0, 'steps were taken')
  await invariantsHold(t, service.db)
})
