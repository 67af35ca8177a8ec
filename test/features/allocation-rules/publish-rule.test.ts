import t from 'tap'
import { sql } from '../../../src/db/sql.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, ruleBody } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, null)
const occitanie = await service.token({ role: 'regulator', subject: 'ars-occitanie', territories: ['FR-OCC'] })

const publish = (body: object, token = world.admin) => call('POST', '/v1/allocation-rules', { token, body })

t.test('201: a rule answers as it was published, and is told as an event', async (t) => {
  const body = ruleBody({
    beneficiaries: [{ profession: '10', speciality: 'SM54' }, { profession: '60' }],
    subCaps: [{ product: 'ffp2', cap: 4 }],
    window: { kind: 'rolling_days', count: 7 },
    validTo: '2027-01-01T00:00:00.000Z',
    source: { title: 'Arrêté', reference: 'INF-1', url: 'https://www.legifrance.gouv.fr/x' },
  })
  const answer = await publish(body)
  t.equal(answer.status, 201)
  const { id, publishedAt, ...rest } = answer.body
  t.strictSame(rest, { ...body, withdrawnAt: null })
  t.ok(Date.parse(publishedAt) > 0)
  const { rows } = (await service.db.execute(sql`select type, ids from events where subject = ${id}`)) as unknown as {
    rows: unknown[]
  }
  const { products, validFrom, validTo } = answer.body
  const ids = { territory: 'FR', products, validFrom, validTo }
  t.strictSame(rows, [{ type: 'rule.published', ids }])
})

t.test('201: subCaps may be left out, and a window of once has no count', async (t) => {
  const { subCaps: _, ...body } = ruleBody({ window: { kind: 'once' } }) as { subCaps: unknown }
  t.match(await publish(body), { status: 201, body: { subCaps: [], window: { kind: 'once' } } })
})

t.test('201: a regulator publishes for its own territory and those below it; 403 beside and above', async (t) => {
  for (const [territory, status] of [
    ['FR-OCC', 201],
    ['FR-31', 201],
    ['FR', 403],
    ['FR-33', 403],
  ] as const) {
    t.equal((await publish(ruleBody({ territory }), occitanie)).status, status, territory)
  }
})

t.test('201: a regulator limited to professions publishes for these alone; 403 for any other among them', async (t) => {
  const remit = { territories: ['FR-OCC'], professions: ['10', '40'] }
  const doctors = await service.token({ role: 'regulator', subject: 'ordre', ...remit })
  for (const [professions, status] of [
    [['10'], 201],
    [['10', '40'], 201],
    [['60'], 403],
    [['10', '60'], 403],
  ] as const) {
    const beneficiaries = professions.map((profession) => ({ profession }))
    const answer = await publish(ruleBody({ territory: 'FR-31', beneficiaries, cap: 1_000_000 }), doctors)
    t.equal(answer.status, status, professions.join())
    if (status === 403) t.match(answer.body, { code: 'forbidden', detail: /60/ })
  }
})

t.test('400: wrong fields are refused by name', async (t) => {
  for (const [more, path] of [
    [{ territory: 'FR-99' }, 'territory'],
    [{ products: ['surgical', 'ffp9'] }, 'products[1]'],
    [{ products: ['surgical', 'surgical'] }, 'products'],
    [{ products: [] }, 'products'],
    [{ beneficiaries: [] }, 'beneficiaries'],
    [{ cap: 0 }, 'cap'],
    [{ subCaps: [{ product: 'ffp2', cap: 11 }] }, 'subCaps[0].cap'],
    [{ products: ['surgical'], subCaps: [{ product: 'ffp2', cap: 1 }] }, 'subCaps[0].product'],
    [{ subCaps: [1, 2].map((cap) => ({ product: 'ffp2', cap })) }, 'subCaps'],
    [{ window: { kind: 'calendar_weeks' } }, 'window.count'],
    [{ window: { kind: 'once', count: 1 } }, 'window'],
    [{ window: { kind: 'months', count: 1 } }, 'window.kind'],
    [{ validTo: '2026-01-01T00:00:00.000Z' }, 'validTo'],
    [{ validFrom: '2026-01-01' }, 'validFrom'],
    [{ source: { title: 'A', reference: 'B', url: 'javascript:alert(1)' } }, 'source.url'],
    [{ confidence: 'certain' }, 'confidence'],
  ] as const) {
    t.match(await publish(ruleBody(more)), { status: 400, body: { errors: [{ path }] } }, JSON.stringify(more))
  }
  t.match(await publish(ruleBody({ subCap: [] })), { status: 400, body: { detail: /subCap/ } })
})

t.test('401 without a token, 403 for those who only read', async (t) => {
  t.equal((await call('POST', '/v1/allocation-rules', { body: ruleBody() })).status, 401)
  t.equal((await publish(ruleBody(), (await world.professional(1)).token)).status, 403)
})

t.test('publishing a rule keeps what every write promises', (t) =>
  testWrite(t, service, {
    method: 'POST',
    path: '/v1/allocation-rules',
    body: ruleBody(),
    other: { path: '/v1/allocation-rules', body: ruleBody({ cap: 11 }) },
    status: 201,
  }),
)
