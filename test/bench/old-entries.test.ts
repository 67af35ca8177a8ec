import t from 'tap'
import { inRounds } from './old-entries.ts'

t.test('a set that was kept gives each mask that is left to be taken back once, round by round', async (t) => {
  const [whole, begun, usedUp] = [entry('whole', 3), entry('begun', 3), entry('used up', 2)]
  const takenBack = new Map([
    ['begun', 2],
    ['used up', 2],
  ])
  t.same(inRounds([whole, begun, usedUp], takenBack), [whole, begun, whole, whole])
  t.same(inRounds([usedUp], takenBack), [])
})

function entry(id: string, quantity: number) {
  return { id, quantity }
}
