import t from 'tap'
import { pathOf, type Territory } from '../../src/domain/territories.ts'

function territory(code: string, kind: Territory['kind'], parent: string | null): [string, Territory] {
  return [code, { code, name: code, kind, parent, timeZone: 'Europe/Paris' }]
}

const territories = new Map([
  territory('FR', 'country', null),
  territory('FR-OCC', 'region', 'FR'),
  territory('FR-31', 'department', 'FR-OCC'),
  territory('FR-A', 'region', 'FR-B'),
  territory('FR-B', 'region', 'FR-A'),
  territory('FR-C', 'region', 'FR-GONE'),
])

t.test('a path leads from the territory itself up to the country', async (t) => {
  t.same(pathOf('FR-31', territories), ['FR-31', 'FR-OCC', 'FR'])
  t.same(pathOf('FR-OCC', territories), ['FR-OCC', 'FR'])
  t.same(pathOf('FR', territories), ['FR'])
})

t.test('an unknown territory is an error, as itself and as a parent', async (t) => {
  t.throws(() => pathOf('FR-99', territories), RangeError)
  t.throws(() => pathOf('FR-C', territories), RangeError)
})

t.test('territories that lie in each other are an error, not a hang', async (t) => {
  t.throws(() => pathOf('FR-A', territories), RangeError)
})
