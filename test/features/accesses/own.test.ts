import t from 'tap'
import { adeli, rpps } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { TIME, UUID_V7 } from '../../support/times.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 10)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))

const own = (token: string | undefined, query = '') => call('GET', `/v1/accesses/me${query}`, { token })
const items = async (token: string) => must(200, await own(token)).body.items
const check = (professional: string, quantity: number, headers: Record<string, string> = {}) =>
  call('POST', '/v1/dispensation-checks', {
    token: place.token,
    headers,
    body: dispensationBody(professional, quantity),
  })
const regulator = (territory: string, subject: string) =>
  service.token({ role: 'regulator', subject, territories: [territory] })

t.test('200: who looked, when, as what and with what outcome, newest first', async (t) => {
  const nurse = await world.professional(1)
  const inspector = await regulator('FR-OCC', 'ars-occitanie')
  must(200, await check(nurse.id, 1, { 'x-operator': 'counter-2' }))
  must(200, await check(nurse.id, 11))
  const { id } = must(201, await world.dispense(place, nurse.id, 1)).body
  const desk = { token: inspector, headers: { 'x-operator': 'desk-4' } }
  must(200, await call('GET', `/v1/professionals/${nurse.id}/history`, desk))
  must(200, await call('GET', `/v1/professionals/${nurse.id}/entitlements`, { token: inspector }))
  must(200, await call('GET', `/v1/dispensations/${id}`, { token: inspector }))
  const authority = { role: 'regulator', subject: 'ars-occitanie' }
  const found = await items(nurse.token)
  t.strictSame(
    found.map(({ id: _, at: __, ...access }: Record<string, unknown>) => access),
    [
      { kind: 'dispensation', reader: authority, outcome: 'shown' },
      { kind: 'entitlements', reader: authority, outcome: 'shown' },
      { kind: 'history', reader: authority, operator: 'desk-4', outcome: 'shown' },
      {
        kind: 'dispensation_check',
        reader: { role: 'pharmacy' },
        pharmacy: place.finess,
        outcome: 'entitlement_exceeded',
      },
      {
        kind: 'dispensation_check',
        reader: { role: 'pharmacy' },
        pharmacy: place.finess,
        operator: 'counter-2',
        outcome: 'allow',
      },
    ],
    'an authority by its name; a pharmacy by its number, not by its till',
  )
  for (const access of found) t.match(access, { id: UUID_V7, at: TIME })
})

t.test('200: attempts that found nothing in remit are shown as well', async (t) => {
  const nurse = await world.professional(2)
  const { id } = must(201, await world.dispense(place, nurse.id, 1)).body
  const elsewhere = await regulator('FR-BRE', 'ars-bretagne')
  for (const path of [
    `professionals/${nurse.id}/history`,
    `professionals/${nurse.id}/entitlements`,
    `dispensations/${id}`,
  ])
    t.equal((await call('GET', `/v1/${path}`, { token: elsewhere })).status, 404)
  const attempt = { reader: { role: 'regulator', subject: 'ars-bretagne' }, outcome: 'not_found' }
  t.match(await items(nurse.token), [
    { kind: 'dispensation', ...attempt },
    { kind: 'entitlements', ...attempt },
    { kind: 'history', ...attempt },
  ])
})

t.test('200: over all records of the person, by any of its numbers', async (t) => {
  const person = { profession: '60', familyName: 'Martin', givenName: 'Camille', status: 'active' }
  const practice = { ...CENTRE, territory: 'FR-31' }
  const put = (id: string, otherIds: string[]) =>
    call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...person, practice, otherIds } })
  must(201, await put(adeli(3), []))
  must(200, await check(adeli(3), 3))
  const nurse = await world.professional(3)
  must(200, await check(nurse.id, 11))
  must(200, await put(nurse.id, [adeli(3)]))
  must(200, await check(adeli(3), 1))
  const found = await items(nurse.token)
  t.strictSame(
    found.map(({ outcome }: { outcome: string }) => outcome),
    ['allow', 'shown', 'entitlement_exceeded', 'allow'],
    'the merge showed the admin all numbers',
  )
  t.strictSame(await items(await service.token({ role: 'professional', subject: adeli(3) })), found)
})

t.test('200: nobody’s but one’s own; empty for somebody whom the directory does not know', async (t) => {
  const [nurse, colleague] = [await world.professional(4), await world.professional(5)]
  must(200, await check(nurse.id, 1))
  must(200, await check(rpps(999), 1))
  t.strictSame(await items(colleague.token), [])
  t.strictSame(await items(await service.token({ role: 'professional', subject: rpps(999) })), [])
})

t.test('200: 20 a page if not said, and cursors lead through all, each once', async (t) => {
  const nurse = await world.professional(6)
  await Promise.all(range(23).map(() => check(nurse.id, 1)))
  const first = must(200, await own(nurse.token)).body
  const second = must(200, await own(nurse.token, `?cursor=${first.nextCursor}`)).body
  t.strictSame([first.items.length, second.items.length, second.nextCursor], [20, 3, null])
  t.strictSame([...first.items, ...second.items], (await own(nurse.token, '?limit=100')).body.items)
  t.equal(new Set([...first.items, ...second.items].map(({ id }) => id)).size, 23)
})

t.test('400: a limit out of range, a forged cursor, a parameter that there is not', async (t) => {
  const nurse = await world.professional(7)
  for (const [query, path] of [
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?cursor=eyJhIjoxfQ', 'cursor'],
  ]) {
    t.match(await own(nurse.token, query), { status: 400, body: { errors: [{ path }] } }, query ?? '')
  }
  t.match(await own(nurse.token, '?reader=ars'), { status: 400, body: { detail: /reader/ } })
})

t.test('401 without a token; 403 for every other role', async (t) => {
  t.equal((await own(undefined)).status, 401)
  for (const token of [place.token, world.regulator, world.admin]) {
    t.match(await own(token), { status: 403, body: { code: 'forbidden' } })
  }
})
