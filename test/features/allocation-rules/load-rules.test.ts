import t from 'tap'
import { inTransaction } from '../../../src/db/transaction.ts'
import shipped from '../../../src/features/allocation-rules/allocation-2020.json' with { type: 'json' }
import { loadRules } from '../../../src/features/allocation-rules/load-rules.ts'
import type { Rule } from '../../../src/features/allocation-rules/schema.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must, ruleBody } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const load = (rules: unknown) => inTransaction(db, (tx) => loadRules(tx, rules))

t.test('a file that names products which are not in the catalogue is refused with all of them', async (t) => {
  const products = ['surgical', 'ffp2'].map((path) => ({
    path,
    message: { en: 'is not a product of the catalogue' },
  }))
  await t.rejects(load(shipped), { code: 'invalid_request', errors: products })
})

t.test('the rules of 2020 are published once, however often they are loaded', async (t) => {
  const world = await makeWorld(service, null)
  t.strictSame(await load(shipped), { published: shipped.length, present: 0 })
  t.strictSame(await load(shipped), { published: 0, present: shipped.length })
  const { body } = await call('GET', '/v1/allocation-rules?at=2020-05-11T10:00:00Z', { token: world.admin })
  const loaded = new Map(body.items.map((rule: Rule) => [rule.source.title, rule]))
  for (const rule of shipped.filter(({ validFrom }) => validFrom === '2020-05-10T22:00:00.000Z')) {
    t.match(loaded.get(rule.source.title), { ...rule, withdrawnAt: null }, rule.source.title)
  }
})

t.test('a rule that was withdrawn stays withdrawn when the file is loaded again', async (t) => {
  const admin = await service.token({ role: 'admin', subject: 'admin' })
  const rule = ruleBody({ source: { title: 'One', reference: 'ONE', url: null } })
  must(201, await call('POST', '/v1/allocation-rules', { token: admin, body: rule }))
  const [{ id }] = (await call('GET', '/v1/allocation-rules', { token: admin })).body.items
  must(200, await call('POST', `/v1/allocation-rules/${id}/withdrawal`, { token: admin }))
  t.strictSame(await load([rule]), { published: 0, present: 1 })
})

t.test('a file that is wrong somewhere is refused as a whole, with the place', async (t) => {
  const fresh = ruleBody({ cap: 77 })
  for (const [file, message] of [
    [{}, /the file/],
    [[fresh, { ...fresh, cap: 0 }], /\[1\]\.cap/],
    [[fresh, { ...fresh, territory: 'FR-99' }], /\[1\]\.territory/],
    [[fresh, { ...fresh, validFrom: '0001-01-01T00:00:00Z' }], /\[1\]\.validFrom: must lie between 1 January 1970/],
  ] as const) {
    await t.rejects(load(file), { message })
  }
  t.strictSame(await load([fresh]), { published: 1, present: 0 })
})

t.test('two that load at once publish each rule once', async (t) => {
  const rules = [1, 2, 3].map((cap) => ruleBody({ cap, source: { title: 'Twice', reference: 'TWICE', url: null } }))
  const reports = await Promise.all([load(rules), load(rules)])
  t.equal(
    reports.reduce((sum, { published }) => sum + published, 0),
    rules.length,
  )
})
