import t from 'tap'
import { adeli } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 1_000)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))

/** Two records with a history each that turn out to be one person's, of the practice said; answers its number. */
async function merged(n: number, practice?: object): Promise<{ id: string; token: string }> {
  const person = { profession: '60', familyName: 'Martin', givenName: 'Camille', status: 'active', practice }
  const put = (id: string, otherIds: string[]) =>
    call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...person, otherIds } })
  must(201, await put(adeli(n), []))
  must(201, await world.dispense(place, adeli(n), 1))
  const nurse = await world.professional(n, { practice })
  must(201, await world.dispense(place, nurse.id, 1))
  must(200, await put(nurse.id, [adeli(n)]))
  return nurse
}

const history = async (id: string, token: string) =>
  must(200, await call('GET', `/v1/professionals/${id}/history`, { token })).body.items

// A link has no pharmacy. Its frozen territory is the practice's; without one it lies in no remit, and the rule has no
// exception for it: its hashes prove the chain whole, and whoever the person is stands in the entries in remit.
t.test('the link of somebody without a practice is in no remit: a regulator sees its hashes alone', async (t) => {
  const nurse = await merged(1)
  for (const territories of [['FR-OCC'], ['FR']]) {
    const token = await service.token({ role: 'regulator', subject: 'ars', territories })
    const items = await history(nurse.id, token)
    t.strictSame(
      items.map(({ kind }: { kind?: string }) => kind),
      [undefined, undefined, 'dispensation', 'dispensation'],
    )
    for (const link of items.slice(0, 2))
      t.strictSame(Object.keys(link), ['sequence', 'entryHash', 'previousHash', 'flags'])
    const [one, other, ...entries] = items
    t.strictSame(
      new Set([one.previousHash, other.previousHash]),
      new Set(entries.map(({ entryHash }: { entryHash: string }) => entryHash)),
      'each continues one of the two chains',
    )
  }
  t.strictSame(
    (await history('me', nurse.token)).map(({ kind }: { kind: string }) => kind),
    ['link', 'link', 'dispensation', 'dispensation'],
    'the professional sees what it is',
  )
})

t.test('with a practice it is in the remit of the practice’s territory', async (t) => {
  const nurse = await merged(2, { ...CENTRE, territory: 'FR-29' })
  const kinds = async (territory: string) => {
    const token = await service.token({ role: 'regulator', subject: 'ars', territories: [territory] })
    return (await history(nurse.id, token)).map(({ kind }: { kind?: string }) => kind)
  }
  t.strictSame(await kinds('FR-BRE'), ['link', 'link', 'dispensation', 'dispensation'])
  t.strictSame(await kinds('FR-OCC'), [undefined, undefined, 'dispensation', 'dispensation'])
})
