import t from 'tap'
import { expectNoLeak, hear, hearAnswer, hearRequest } from '../support/leaks.ts'
import { adeli, finess, rpps } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

// The check that every other test file ends with, tried on leaks that are planted.

const TOKEN = `eyJ${'a'.repeat(30)}.eyJ${'b'.repeat(30)}.${'c'.repeat(40)}`

t.test(
  'a line, an error body or a metric that holds what was entrusted fails the test file, and is not repeated',
  async (t) => {
    hearRequest(`/v1/professionals/${adeli(7)}`, {
      familyName: 'Lefebvre',
      givenName: 'Anne Marie',
      otherIds: [rpps(7)],
    })
    hearAnswer(201, JSON.stringify({ id: 1, pickupCode: '7K3M-9QXA', client_secret: 'x-y_z012345' }))
    const planted: [kind: string, value: string][] = [
      ['number', rpps(1)],
      ['number', adeli(7)],
      ['name', 'Lefebvre'],
      ['name', 'Anne Marie'],
      ['secret', 'x-y_z012345'],
      ['token', TOKEN],
      ['pick-up code', '7K3M-9QXA'],
    ]
    for (const [kind, value] of planted) {
      for (const place of ['log line', 'error body'] as const) {
        hear(place, `{"msg":"harmless"}`)
        hear(place, `{"msg":"said ${value}, then"}`)
        t.throws(expectNoLeak, { message: `a ${kind} in a ${place}: {"msg":"said [${kind}], then"}` })
      }
    }
    hear('metric', `requests{person="${adeli(7)}"} 1`)
    t.throws(expectNoLeak, { message: 'a number in a metric: requests{person="[number]"} 1' })
  },
)

t.test('what only looks alike passes', async (t) => {
  hear(
    'log line',
    '{"id":"0197a000-7123-7456-8012-012345678901","ms":0.5,"at":1790000000000,"route":"/v1/professionals/:id"}',
  )
  hear('error body', `{"pharmacy":"${finess(1)}","detail":"Martin is nobody here"}`)
  hear('metric', 'process_cpu_seconds_total 0.12345678901')
  t.equal(expectNoLeak(), 'no leak in 1 log lines, 1 error bodies and 1 metrics')
})

t.test('a service that logs a number, or answers a code in an error, fails where it ends', async (t) => {
  for (const [leaky, kind] of [
    ['logs', 'number in a log line'],
    ['answers', 'pick-up code in a error body'],
  ] as const) {
    const endings: (() => unknown)[] = []
    const service = await startService(
      { teardown: (ending) => void endings.push(ending) },
      {},
      {
        routes: (app) =>
          app.get('/leaky/:id', { config: { policy: 'public' } }, async (request, reply) => {
            const { id } = request.params as { id: string }
            if (leaky === 'logs') request.log.info(`asked for ${id}`)
            return reply.code(409).send({ detail: leaky === 'answers' ? id : '' })
          }),
      },
    )
    const world = await makeWorld(service)
    const place = await world.pharmacy(1)
    const nurse = await world.professional(1)
    must(201, await world.count(place, 10))
    const { body: hold } = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess }))
    await service.app.inject({ url: `/leaky/${leaky === 'logs' ? nurse.id : hold.pickupCode}` })
    const [drop, end] = endings
    await t.rejects(async () => end?.(), { message: new RegExp(`^a ${kind}`) })
    await drop?.()
  }
})
