import t from 'tap'
import { rpps } from '../../support/numbers.ts'
import { accessesTo, asRead } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 1_000)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 1_000))
const [nurse, colleague] = [await world.professional(1), await world.professional(2)]

const read = (id: string, token: string | undefined) => call('GET', `/v1/dispensations/${id}`, { token })
const list = (token: string | undefined, query = '') => call('GET', `/v1/dispensations${query}`, { token })
const ids = async (token: string, query = '') =>
  must(200, await list(token, query)).body.items.map(({ id }: { id: string }) => id)

const entry = asRead(must(201, await world.dispense(place, nurse.id, 5)).body)
const reversal = must(
  201,
  await call('POST', `/v1/dispensations/${entry.id}/reversal`, {
    token: place.token,
    key: true,
    body: { kind: 'returned', lines: [{ product: 'surgical', quantity: 1 }] },
  }),
).body
const elsewhere = must(201, await world.dispense(other, nurse.id, 2)).body

t.test('200: its pharmacy and its professional read it as it was answered', async (t) => {
  for (const token of [place.token, nurse.token, world.regulator]) {
    const answer = await read(entry.id, token)
    t.strictSame([answer.status, answer.body], [200, entry])
  }
  t.match((await read(reversal.id, nurse.token)).body, { kind: 'reversal', reverses: entry.id })
})

t.test('200: lists are newest first: a pharmacy’s own, and a professional’s of every pharmacy', async (t) => {
  t.strictSame(await ids(place.token), [reversal.id, entry.id])
  t.strictSame(await ids(nurse.token), [elsewhere.id, reversal.id, entry.id])
  t.strictSame(await ids(world.regulator), [elsewhere.id, reversal.id, entry.id])
  t.strictSame(await ids(world.regulator, `?pharmacy=${other.finess}`), [elsewhere.id])
  t.strictSame(await ids(colleague.token), [])
})

t.test('200: 20 a page if not said, and cursors lead through all, each once', async (t) => {
  for (const _ of range(22)) must(201, await world.dispense(other, colleague.id, 1))
  for (const token of [colleague.token]) {
    const first = (await list(token)).body
    const second = (await list(token, `?cursor=${first.nextCursor}`)).body
    t.strictSame([first.items.length, second.items.length, second.nextCursor], [20, 2, null])
    t.strictSame([...first.items, ...second.items], (await list(token, '?limit=100')).body.items)
  }
})

t.test('each reading by a pharmacy or a regulator is recorded; a professional reads its own', async (t) => {
  const subject = await world.professional(3)
  const { id } = must(201, await world.dispense(place, subject.id, 1)).body
  for (const token of [place.token, subject.token]) must(200, await read(id, token))
  const byPharmacy = { kind: 'dispensation', reader_role: 'pharmacy', pharmacy: place.finess, outcome: 'shown' }
  t.match(await accessesTo(db, subject.id), [byPharmacy])
  const token = await service.token({ role: 'regulator', subject: 'inspector', territories: ['FR-31'] })
  const headers = { 'x-operator': 'desk-4' }
  must(200, await call('GET', `/v1/dispensations/${id}`, { token, headers }))
  must(200, await list(token, `?pharmacy=${place.finess}`))
  const access = { kind: 'dispensation', reader_role: 'regulator', reader: 'inspector', outcome: 'shown' }
  t.match(await accessesTo(db, subject.id), [byPharmacy, { ...access, operator: 'desk-4' }, access])
})

t.test('404: outside the remit, and the attempt is recorded, as is one that finds nothing at all', async (t) => {
  const subject = await world.professional(6)
  const { id } = must(201, await world.dispense(place, subject.id, 1)).body
  const token = await service.token({ role: 'regulator', subject: 'ars-bre', territories: ['FR-BRE'] })
  const outside = await read(id, token)
  const nowhere = await read(seededUuid(), token)
  for (const { status, body } of [outside, nowhere]) t.match([status, body.detail], [404, nowhere.body.detail])
  const attempt = { kind: 'dispensation', reader_role: 'regulator', reader: 'ars-bre', outcome: 'not_found' }
  t.match(await accessesTo(db, subject.id), [attempt])
  t.match(await accessesTo(db, rpps(999)), [attempt], 'of nobody')
  t.equal((await read(id, colleague.token)).status, 404)
  t.equal((await accessesTo(db, subject.id)).length, 1, 'what professionals ask for in vain is not a reading')
  t.equal((await read(id, other.token)).status, 404)
  const byPharmacy = { reader_role: 'pharmacy', pharmacy: other.finess, outcome: 'not_found' }
  t.match(await accessesTo(db, subject.id), [attempt, byPharmacy], 'a pharmacy’s attempt is one')
})

t.test('a remit is the territory of the pharmacy or of the practice, and professions if limited', async (t) => {
  const breton = await world.professional(4, { profession: '60', practice: { ...CENTRE, territory: 'FR-29' } })
  const { id } = must(201, await world.dispense(place, breton.id, 1)).body
  const regulator = (territories: string[], professions: string[] = []) =>
    service.token({ role: 'regulator', subject: 'ars', territories, professions })
  for (const [token, status] of [
    [await regulator(['FR-31']), 200],
    [await regulator(['FR-BRE']), 200],
    [await regulator(['FR-29'], ['60', '10']), 200],
    [await regulator(['FR-29'], ['10']), 404],
    [await regulator(['FR-IDF']), 404],
    [await regulator([]), 404],
  ] as const) {
    t.equal((await read(id, token)).status, status)
    t.equal((await ids(token)).includes(id), status === 200)
  }
})

t.test('the territories are frozen in the entry: a professional that moves takes none of it along', async (t) => {
  const practice = (territory: string) => ({ practice: { ...CENTRE, territory } })
  const mover = await world.professional(5, practice('FR-29'))
  const { id } = must(201, await world.dispense(place, mover.id, 1)).body
  const person = { profession: '60', familyName: 'M', givenName: 'C', otherIds: [], status: 'active' }
  const put = { token: world.admin, body: { ...person, ...practice('FR-75C') } }
  must(200, await call('PUT', `/v1/professionals/${mover.id}`, put))
  const regulator = (territory: string) =>
    service.token({ role: 'regulator', subject: 'ars', territories: [territory] })
  t.equal((await read(id, await regulator('FR-BRE'))).status, 200)
  t.equal((await read(id, await regulator('FR-IDF'))).status, 404)
})

t.test('a token for several pharmacies names one in lists: 400 without it, 403 for another', async (t) => {
  const token = await service.token({ role: 'pharmacy', subject: 'group', finess: [place.finess, other.finess] })
  t.match(await list(token), { status: 400, body: { errors: [{ path: 'pharmacy' }] } })
  t.ok((await ids(token, `?pharmacy=${place.finess}`)).includes(entry.id))
  t.match(await list(place.token, `?pharmacy=${other.finess}`), { status: 403, body: { code: 'forbidden' } })
  t.equal((await read(elsewhere.id, token)).status, 200)
})

t.test('a group reads nothing of a pharmacy of its own that is suspended', async (t) => {
  const third = await world.pharmacy(3)
  must(201, await world.count(third, 10))
  const { id } = must(201, await world.dispense(third, colleague.id, 1)).body
  const token = await service.token({ role: 'pharmacy', subject: 'group', finess: [place.finess, third.finess] })
  must(200, await read(id, token))
  const put = { name: 'P', address: 'A', ...CENTRE, territory: 'FR-31', status: 'suspended' }
  must(200, await call('PUT', `/v1/pharmacies/${third.finess}`, { token: world.admin, body: put }))
  t.match(await read(id, token), { status: 404, body: { code: 'not_found' } })
  t.match(await list(token, `?pharmacy=${third.finess}`), { status: 403, body: { code: 'pharmacy_suspended' } })
  t.equal((await read(entry.id, token)).status, 200)
})

t.test('404: another’s is as if it were not there', async (t) => {
  const nowhere = await read(seededUuid(), nurse.token)
  t.match(nowhere, { status: 404, body: { code: 'not_found' } })
  for (const token of [colleague.token, other.token]) {
    t.match(await read(entry.id, token), { status: 404, body: { code: 'not_found', detail: nowhere.body.detail } })
  }
})

t.test('400: a limit out of range, a forged cursor, an id that is none', async (t) => {
  for (const [query, path] of [
    ['?limit=101', 'limit'],
    ['?limit=x', 'limit'],
    ['?cursor=eyJhIjoxfQ', 'cursor'],
    ['?pharmacy=310000000', 'pharmacy'],
  ] as const) {
    t.match(await list(nurse.token, query), { status: 400, body: { errors: [{ path }] } }, query)
  }
  t.match(await read('1', nurse.token), { status: 400, body: { errors: [{ path: 'id' }] } })
})

t.test('401 without a token; 403 for the admin, who sees no dispensation', async (t) => {
  t.equal((await list(undefined)).status, 401)
  t.equal((await read(entry.id, undefined)).status, 401)
  t.match(await list(world.admin), { status: 403, body: { code: 'forbidden' } })
  t.match(await read(entry.id, world.admin), { status: 403, body: { code: 'forbidden' } })
})
