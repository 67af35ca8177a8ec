import { fc } from '../support/seed.ts'
import { letTimePass, publish } from './reality.ts'
import { HOUR, person, product, type Step, step } from './step.ts'
import { dispense, reverse } from './steps-at-the-counter.ts'
import { decide, doubt } from './steps-of-doubts.ts'
import { cancel, expire, reserve, sweep } from './steps-of-reservations.ts'
import { count, move, search } from './steps-of-stock.ts'
import { offline } from './steps-off-line.ts'

// Past three days, past the seven of overrides, and past two weeks, each with an hour that no run outlasts.
const pass = fc.constantFrom(25, 49, 73, 169, 361).map((hours) =>
  step(`${hours} hours pass`, async (model, real) => {
    await letTimePass(real, hours * HOUR)
    model.pass(hours * HOUR)
  }),
)

const newCap = fc.tuple(person, product, fc.integer({ min: 5, max: 14 })).map(([who, what, cap]) =>
  step(`the cap of professional ${who} for ${what} becomes ${cap}`, async (model, real) => {
    // A second ago, so that it is in force by the database's clock too.
    const from = Date.now() - 1_000
    await publish(model, real, { ...model.ruleFor(who, what, from), cap, from })
  }),
)

/** What people do, the more often the more interesting. */
export const steps: fc.Arbitrary<Step>[] = [
  ...[count, count],
  move,
  ...[reserve, reserve, reserve, reserve, reserve, reserve],
  ...[dispense, dispense, dispense, dispense],
  ...[offline, offline],
  reverse,
  cancel,
  expire,
  sweep,
  pass,
  search,
  newCap,
  doubt,
  decide,
]
