import t from 'tap'
import { finess } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { call, logged } = service
const world = await makeWorld(service)

async function warningsOf(work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  logged.length = 0
  await work()
  return logged.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn')
}

t.test('a refused token is a line of the log: why, where and in which request, and not whose', async (t) => {
  const expired = await service.token({ role: 'admin', subject: 'admin', ttlSeconds: -60 })
  const forged = `${world.admin.slice(0, -20)}${'A'.repeat(20)}`
  for (const [token, reason] of [
    [undefined, /NO_AUTHORIZATION/],
    [expired, /expired/],
    [forged, /INVALID/],
    ['x', /./],
  ] as const) {
    let answer = { headers: {} as Record<string, unknown> }
    const warnings = await warningsOf(async () => {
      answer = must(401, await call('GET', '/v1/territories', { token }))
    })
    t.equal(warnings.length, 1)
    t.match(warnings[0], { msg: 'refused', kind: 'unauthenticated', reason, method: 'GET', route: '/v1/territories' })
    t.equal(warnings[0]?.reqId, answer.headers['x-request-id'])
  }
})

t.test('so is a refused authorisation: a wrong role, another pharmacy, a suspension', async (t) => {
  const place = await world.pharmacy(1)
  const suspended = await world.professional(1, { status: 'suspended' })
  const nurse = await world.professional(2)
  for (const [reason, work] of [
    [/role admin/, () => call('GET', '/v1/territories', { token: world.admin })],
    [/act for/, () => world.dispense(place, nurse.id, 1, { pharmacy: finess(9) })],
    [/suspended/, () => call('GET', '/v1/entitlements/me', { token: suspended.token })],
  ] as const) {
    const warnings = await warningsOf(async () => must(403, await work()))
    t.match(warnings, [{ msg: 'refused', kind: 'forbidden', reason }])
  }
  t.strictSame(
    await warningsOf(() => world.dispense(place, suspended.id, 1)),
    [],
    'that somebody else is suspended, not',
  )
})

t.test('every kind of refusal is a metric from the start, and no label says whose it was', async (t) => {
  const body = await service.metrics()
  const lines = [...body.matchAll(/^gomask_refusals_total\{(.*)\} \d+$/gm)].map(([, labels]) => labels)
  t.strictSame(lines.sort(), [
    'kind="forbidden"',
    'kind="not_found"',
    'kind="pickup_code_wrong"',
    'kind="rate_limited"',
    'kind="unauthenticated"',
    'kind="unavailable"',
  ])
})
