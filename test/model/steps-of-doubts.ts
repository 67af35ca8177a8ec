import { deepEqual } from 'node:assert/strict'
import { raiseDoubts } from '../../src/store/identity-doubts.ts'
import { fc } from '../support/seed.ts'
import { must } from '../support/world.ts'
import { at } from './reality.ts'
import { pick, picked, step } from './step.ts'

/** Somebody logs in with the numbers of two professionals; about each pair there is one doubt, decided or not. */
export const doubt = fc.constantFrom([0, 1] as const, [0, 2] as const, [1, 2] as const).map((pair) =>
  step(`a login says that professionals ${pair[0]} and ${pair[1]} are one`, async (model, { service, people }) => {
    const numbers = pair.map((person) => at(people, person).id)
    const isKnown = model.doubts.some((each) => each.pair.join() === pair.join())
    deepEqual(await raiseDoubts(service.db, numbers, 'issuer'), isKnown ? 0 : 1)
    if (!isKnown) model.doubts.push({ pair, open: true })
  }),
)

/** An admin says that two are distinct. */
export const decide = pick.map((nth) =>
  step(
    `open doubt ${nth} is decided: two people`,
    async (model, { service, people, admin: token }) => {
      const open = picked(
        model.doubts.filter((each) => each.open),
        nth,
      )
      const { items } = must(200, await service.call('GET', '/v1/identity-doubts?limit=100', { token })).body
      const numbers = open.pair.map((person) => at(people, person).id).sort()
      const { id } = items.find(
        ({ persons }: { persons: { numbers: string[] }[] }) =>
          persons
            .flatMap((person) => person.numbers)
            .sort()
            .join() === numbers.join(),
      )
      const body = { decision: 'distinct', reason: 'asked both' }
      must(200, await service.call('POST', `/v1/identity-doubts/${id}/decision`, { token, body }))
      open.open = false
    },
    (model) => model.doubts.some(({ open }) => open),
  ),
)
