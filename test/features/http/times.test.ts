import t from 'tap'
import { dereferenced } from '../../support/references.ts'
import { callers, type Route, routesOf } from '../../support/routes.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { makeWorld } from '../../support/world.ts'

const service = await startService(t)
const { app, call, db } = service
const world = await makeWorld(service)
await world.pharmacy(1)
await world.professional(1)

interface Schema {
  format?: string
  $ref?: string
  anyOf?: Schema[]
  properties?: Record<string, Schema>
}
interface Parameter {
  name: string
  schema: Schema
}
interface Operation {
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}
const document = dereferenced(app.swagger()) as unknown as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

/** A time that a request says: the field, and whether it is a day. */
interface Said {
  route: Route
  field: string
  where: 'query' | 'body'
  isDay: boolean
}

/** All that the document says are times in requests. */
function timesSaid(): Said[] {
  return routesOf(app).flatMap((route) => {
    const [method = '', path = ''] = route.name.split(' ')
    const { parameters = [], requestBody } = document.paths[path]?.[method.toLowerCase()] ?? {}
    const body = Object.entries(requestBody?.content ?? {}).flatMap(([, { schema }]) => fieldsOf(schema))
    const query = parameters.map(({ name, schema }): [string, Schema] => [name, schema])
    const said = (where: 'query' | 'body', fields: [string, Schema][]) =>
      fields.flatMap(([field, schema]) => {
        const format = formatOf(schema)
        return format ? [{ route, field, where, isDay: format === 'date' }] : []
      })
    return [...said('query', query), ...said('body', body)]
  })
}

function resolved(schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1)
  return name === undefined ? schema : (document.components.schemas[name] ?? {})
}

function fieldsOf(schema: Schema): [string, Schema][] {
  const { properties = {}, anyOf = [] } = resolved(schema)
  // A field that each way to say something has is one.
  return [...new Map([...Object.entries(properties), ...anyOf.flatMap(fieldsOf)])]
}

function formatOf(schema: Schema): string | undefined {
  const { format, anyOf = [] } = resolved(schema)
  return [format, ...anyOf.map(formatOf)].find((each) => each === 'date-time' || each === 'date')
}

async function say({ route, field, where }: Said, value: string) {
  const { method, path, roles, body } = route
  const token = roles[0] && (await service.token(callers[roles[0]]))
  if (where === 'body') return call(method, path, { token, key: true, body: { ...body, [field]: value } })
  const [bare, query = ''] = path.split('?')
  const said = new URLSearchParams(query)
  said.set(field, value)
  return call(method, `${bare}?${said}`, { token })
}

const said = timesSaid()
const nowhere = ['0000-01-01', '0001-01-01', '1969-12-31', '2200-01-01', '9999-12-31', '10000-01-01', '2026-02-30']
const times = [...nowhere.map((day) => `${day}T00:00:00Z`), '+275760-09-13T00:00:00Z', '2016-12-31T23:59:60Z']
const recorded = ['countedAt', 'occurredAt', 'dispensedAt']

t.test('these are all the times that requests say', async (t) => {
  t.matchOnly(said.map(({ route, field }) => `${route.name} ${field}`).sort(), [
    'GET /v1/allocation-rules at',
    'GET /v1/audit/accesses from',
    'GET /v1/audit/accesses to',
    'GET /v1/audit/admin-acts from',
    'GET /v1/audit/admin-acts to',
    'GET /v1/audit/anomalies from',
    'GET /v1/audit/anomalies to',
    'GET /v1/audit/dispensations from',
    'GET /v1/audit/dispensations to',
    'GET /v1/audit/refusals from',
    'GET /v1/audit/refusals to',
    'GET /v1/audit/summary from',
    'GET /v1/audit/summary to',
    'GET /v1/dispensations from',
    'GET /v1/dispensations to',
    'GET /v1/ledger/bundle from',
    'GET /v1/ledger/bundle to',
    'GET /v1/pharmacies/{finess}/statement from',
    'GET /v1/pharmacies/{finess}/statement to',
    'GET /v1/pharmacies/{finess}/stock-movements from',
    'GET /v1/pharmacies/{finess}/stock-movements to',
    'GET /v1/reservations from',
    'GET /v1/reservations to',
    'POST /v1/allocation-rules validFrom',
    'POST /v1/allocation-rules validTo',
    'POST /v1/clients/{id}/secrets expiresAt',
    'POST /v1/dispensation-checks dispensedAt',
    'POST /v1/dispensations dispensedAt',
    'POST /v1/pharmacies/{finess}/deliveries occurredAt',
    'POST /v1/pharmacies/{finess}/stock-movements bestBefore',
    'POST /v1/pharmacies/{finess}/stock-movements occurredAt',
    'POST /v1/webhook-endpoints/{id}/redelivery from',
    'POST /v1/webhook-endpoints/{id}/redelivery to',
    'PUT /v1/pharmacies/{finess}/service until',
    'PUT /v1/pharmacies/{finess}/stock/{product} countedAt',
  ])
})

t.test('400: a time or day outside what it can mean names its field and its limits', async (t) => {
  for (const each of said) {
    const name = `${each.route.name} ${each.field}`
    for (const value of each.isDay ? nowhere : times) {
      const answer = await say(each, value)
      const [error] = answer.body.errors ?? []
      t.match(answer, { status: 400, body: { code: 'invalid_request' } }, `${name} ${value}`)
      t.match(error, { path: each.field, message: /must|RFC 3339|Invalid ISO date/ }, `${name} ${value}`)
    }
    if (!recorded.includes(each.field)) continue
    const answer = await say(each, '2019-12-31T23:59:59Z')
    t.match(answer.body.errors?.[0], { path: each.field, message: /1 January 2020/ }, name)
  }
})

t.test('nothing is done for a wrong time, and what is within is taken', async (t) => {
  const { rows } = await db.foreign('select from stock_movements union all select from allocation_rules')
  t.equal(rows.length, 1, 'the rule of the world')
  for (const each of said.filter(({ where }) => where === 'query')) {
    for (const value of each.isDay
      ? ['1970-01-01', '2199-12-31']
      : ['1970-01-01T00:00:00Z', '2199-12-31T23:59:59.999Z']) {
      const answer = await say(each, value)
      // Before the present, where the other end of the stretch is preset.
      t.not(answer.status, 500)
      if (answer.status === 400) t.notMatch(answer.body.errors[0].message, /between/, `${each.route.name} ${value}`)
    }
  }
})

t.test('400: a time ahead of the database’s clock by more than 5 minutes', async (t) => {
  for (const each of said.filter(({ field }) => recorded.includes(field))) {
    const answer = await say(each, minutesAgo(-6))
    t.match(answer, { status: 400, body: { errors: [{ path: each.field, message: /5 minutes/ }] } }, each.route.name)
  }
})
