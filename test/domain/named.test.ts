import t from 'tap'
import { requireKnown } from '../../src/domain/named.ts'

const named = ['FR-OCC', 'FR-XX', 'FR', 'FR-YY'].map((code, index) => ({ path: `territories[${index}]`, code }))

t.test('every field that names nothing is told, and the first is the detail', async (t) => {
  const message = { en: 'is not a territory that this service knows' }
  t.throws(() => requireKnown('territory', named, [{ code: 'FR' }, { code: 'FR-OCC' }]), {
    code: 'invalid_request',
    message: 'territories[1]: is not a territory that this service knows',
    errors: [
      { path: 'territories[1]', message },
      { path: 'territories[3]', message },
    ],
  })
})

t.test('what is known is let through, and so is a request that names nothing', async (t) => {
  t.doesNotThrow(() => requireKnown('territory', named, named))
  t.doesNotThrow(() => requireKnown('product', [], []))
})
