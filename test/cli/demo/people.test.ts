import t from 'tap'
import { demoProfessions } from '../../../src/cli/demo/people.ts'
import { makeWorld } from '../../../src/cli/demo/world.ts'
import { professionalId } from '../../../src/domain/identifiers.ts'

const { professionals, pharmacies, home } = makeWorld()

t.test('fifty professionals have RPPS numbers of the test range, with a right key, all different', async (t) => {
  t.equal(professionals.length, 50)
  t.equal(new Set(professionals.map(({ id }) => id)).size, 50)
  t.ok(professionals.every(({ id }) => professionalId(id) === id && id.startsWith('997')))
})

t.test('the demo’s rule names the profession of each of them', async (t) => {
  t.ok(professionals.every(({ profession }) => demoProfessions.includes(profession)))
})

t.test('no two of them have the same name', async (t) => {
  t.equal(new Set(professionals.map(({ givenName, familyName }) => `${givenName} ${familyName}`)).size, 50)
})

t.test('the story’s pharmacy is in Balma, next to the practice', async (t) => {
  t.ok(pharmacies.includes(home))
  t.match(home.address, /31130 Balma$/)
})
