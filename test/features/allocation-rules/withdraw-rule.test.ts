import t from 'tap'
import { asOwner } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must, ruleBody } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, null)
const occitanie = await service.token({ role: 'regulator', subject: 'ars-occitanie', territories: ['FR-OCC'] })

const local = ruleBody({ territory: 'FR-31' })

const withdraw = (id: string, token = world.admin, body?: object) =>
  call('POST', `/v1/allocation-rules/${id}/withdrawal`, { token, ...(body && { body }) })

t.test(
  '200: a withdrawn rule is in force no more, was until then, and keeps its time when withdrawn again',
  async (t) => {
    const { id } = await world.rule()
    const first = await withdraw(id)
    t.equal(first.status, 200)
    t.ok(Date.parse(first.body.withdrawnAt) >= Date.parse(first.body.publishedAt))
    t.strictSame((await withdraw(id, world.admin, {})).body, first.body)

    const list = async (query: string) =>
      must(200, await call('GET', `/v1/allocation-rules${query}`, { token: world.admin })).body.items
    t.strictSame(await list(''), [])
    t.match(await list('?at=2026-02-01T00:00:00Z'), [{ id, withdrawnAt: first.body.withdrawnAt }])
  },
)

t.test('a withdrawn rule judges no hand-over', async (t) => {
  const { id } = await world.rule()
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 100))
  must(201, await world.dispense(place, nurse.id, 1))
  await withdraw(id)
  t.match(await world.dispense(place, nurse.id, 1), { status: 409, body: { code: 'no_rule_in_force' } })
})

t.test('200: a regulator withdraws what its own authority published; 403 what any other did', async (t) => {
  const regulator = (subject: string, territories: string[], professions: string[] = []) =>
    service.token({ role: 'regulator', subject, territories, professions })
  const callers = {
    occitanie,
    colleague: await regulator('ars-occitanie-2', ['FR-OCC', 'FR-BRE']),
    nation: await regulator('dgs', ['FR']),
    county: await regulator('dd-31', ['FR-31']),
    doctors: await regulator('ordre', ['FR-OCC'], ['10']),
    more: await regulator('ordres', ['FR-OCC'], ['10', '60']),
    admin: world.admin,
  }
  const may: Record<keyof typeof callers, (keyof typeof callers)[]> = {
    occitanie: ['occitanie', 'colleague', 'admin'],
    colleague: ['occitanie', 'colleague', 'admin'],
    nation: ['nation', 'admin'],
    county: ['county', 'admin'],
    doctors: ['occitanie', 'colleague', 'doctors', 'more', 'admin'],
    more: ['occitanie', 'colleague', 'more', 'admin'],
    admin: ['admin'],
  }
  const body = ruleBody({ territory: 'FR-31', beneficiaries: [{ profession: '10' }] })
  for (const publisher of Object.keys(may) as (keyof typeof may)[]) {
    for (const caller of Object.keys(callers) as (keyof typeof callers)[]) {
      const published = await call('POST', '/v1/allocation-rules', { token: callers[publisher], body })
      const answer = await withdraw(must(201, published).body.id, callers[caller])
      const isOwn = may[publisher].includes(caller)
      const expected = isOwn ? { status: 200 } : { status: 403, body: { code: 'forbidden' } }
      t.match(answer, expected, `${caller} withdraws what ${publisher} published`)
    }
  }
})

t.test('a rule from before authorities were kept is the operator’s', async (t) => {
  const { id } = must(201, await call('POST', '/v1/allocation-rules', { token: occitanie, body: local })).body
  await asOwner(
    service.db,
    `update allocation_rules set authority_territory = null, authority_professions = null where id = '${id}'`,
  )
  t.equal((await withdraw(id, occitanie)).status, 403)
  t.equal((await withdraw(id)).status, 200)
})

t.test('404: a rule that is not there', async (t) => {
  t.match(await withdraw(seededUuid()), { status: 404, body: { code: 'not_found' } })
})

t.test('400: a body with fields and an id that is none are refused by name', async (t) => {
  const { id } = await world.rule()
  t.match(await withdraw(id, world.admin, { reason: 'x' }), { status: 400, body: { detail: /reason/ } })
  t.match(await withdraw('1'), { status: 400, body: { errors: [{ path: 'id' }] } })
})

t.test('401 without a token, 403 for a pharmacy', async (t) => {
  const { id } = await world.rule()
  t.equal((await call('POST', `/v1/allocation-rules/${id}/withdrawal`)).status, 401)
  t.equal((await withdraw(id, (await world.pharmacy(2)).token)).status, 403)
})

t.test('withdrawing a rule keeps what every write promises', async (t) => {
  const [rule, other] = [await world.rule(), await world.rule()]
  const path = `/v1/allocation-rules/${rule.id}/withdrawal`
  await testWrite(t, service, {
    method: 'POST',
    path,
    other: { path: `/v1/allocation-rules/${other.id}/withdrawal` },
    status: 200,
  })
})
