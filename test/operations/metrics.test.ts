import t from 'tap'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const world = await makeWorld(service)

t.test('requests are counted by the pattern of their route, and no label names a person or a place', async (t) => {
  const { call } = service
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 10))
  must(201, await world.dispense(place, nurse.id, 3))
  must(200, await call('GET', `/v1/professionals/${nurse.id}/entitlements`, { token: world.regulator }))
  must(404, await call('GET', `/v1/persons/${nurse.id}`, { token: world.regulator }))
  must(404, await call('GET', `/${nurse.id}`, { token: world.regulator }))

  const body = await service.metrics()
  t.match(body, /http_request_duration_seconds_count\{[^}]*route="\/v1\/professionals\/:id\/entitlements"[^}]*\} 1\n/)
  t.match(body, /http_request_duration_seconds_count\{[^}]*route="\/v1\/dispensations"[^}]*\} 1\n/)
  t.match(body, /^nodejs_eventloop_lag_seconds \d/m, 'and the process is measured')
  for (const secret of [nurse.id, place.finess, 'persons']) t.notMatch(body, secret)
  const routes = new Set([...body.matchAll(/route="([^"]*)"/g)].map(([, route]) => route))
  const described = Object.keys(service.app.swagger().paths ?? {}).map((path) => path.replace(/\{(\w+)\}/g, ':$1'))
  t.same(
    [...routes].filter((route) => route?.startsWith('/') && !described.includes(route)),
    [],
    'every label is a route that exists',
  )
})

t.test('metrics are in the format of Prometheus', async (t) => {
  const wrong = (await service.metrics())
    .split('\n')
    .filter((line) => line !== '' && !/^# (HELP|TYPE) |^[a-z_:][a-z0-9_:]*(\{[^}]*\})? \S+$/i.test(line))
  t.same(wrong, [])
})
