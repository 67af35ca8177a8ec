import t from 'tap'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

const NURSE = '10001234567'

const service = await startService(t)
const { logged } = service
const { log } = service.app
const world = await makeWorld(service)

t.test('an error of the database is logged without the statement, its parameters and the row', async (t) => {
  const nurse = await world.professional(1)
  const error = await rows(
    service.db,
    'add_identifier_twice',
    sql`insert into person_identifiers (identifier, person_id)
        select ${nurse.id}, person_id from person_identifiers where identifier = ${nurse.id}`,
  ).catch((thrown: Error) => thrown)
  if (!(error instanceof Error)) throw new Error('the identifier was there already')
  t.match((error.cause as { detail: string }).detail, nurse.id, 'PostgreSQL’s detail holds the row')

  const [line, ...others] = linesOf(() => log.error({ err: error }, 'failed'))
  t.same(others, [])
  const { err } = JSON.parse(line ?? '')
  t.match(err, { code: '23505', constraint: 'person_identifiers_pkey', message: 'person_identifiers_pkey' })
  t.match(err.stack, /\.[tj]s:\d+/, 'its origin is in it')
  t.same(Object.keys(err).sort(), ['code', 'constraint', 'message', 'stack', 'type'])
  t.notMatch(line, nurse.id)
  t.notMatch(line, 'insert into')
})

t.test('an error of the program is logged with its message and origin', async (t) => {
  const [line] = linesOf(() => log.error({ err: new TypeError('cannot read it') }, 'failed'))
  t.match(JSON.parse(line ?? '').err, { type: 'TypeError', message: 'cannot read it', stack: /log\.test\.ts/ })
})

t.test('what is personal is taken out wherever it stands, up to the third level', async (t) => {
  const personal = {
    authorization: 'Bearer eyJ0',
    professional: NURSE,
    pickupCode: '7K3M-9QXA',
    familyName: 'Martin',
    givenName: 'Camille',
    otherIds: [NURSE],
    token: 'eyJ0',
  }
  const [line] = linesOf(() => log.info({ ...personal, body: personal, request: { body: personal } }, 'asked'))
  t.notMatch(line, /eyJ0|10001234567|7K3M|Martin|Camille/)
  t.equal(line?.match(/\[redacted\]/g)?.length, 21)
})

t.test('a request is logged by its id and method alone', async (t) => {
  const [line] = linesOf(() =>
    log.info({ req: { id: 'r1', method: 'GET', url: `/v1/professionals/${NURSE}`, headers: { x: NURSE } } }, 'asked'),
  )
  t.match(JSON.parse(line ?? ''), { req: { id: 'r1', method: 'GET' } })
  t.notMatch(line, NURSE)
})

t.test('no line of a whole story holds a number, name, code or token', async (t) => {
  logged.length = 0
  const place = await world.pharmacy(1)
  const nurse = await world.professional(2)
  const { call } = service
  must(201, await world.count(place, 100))
  const { body: hold } = must(201, await world.reserve(nurse.token, { quantity: 3, pharmacy: place.finess }))
  const reservations = [{ id: hold.id, pickupCode: hold.pickupCode }]
  must(201, await world.dispense(place, nurse.id, 3, { reservations }))
  must(409, await world.dispense(place, nurse.id, 8))
  must(400, await world.dispense(place, `${nurse.id}1`, 8))
  must(401, await call('GET', '/v1/professionals/me/history', { token: `${nurse.token}x` }))
  must(200, await call('GET', `/v1/professionals/${nurse.id}/history`, { token: world.regulator }))
  must(404, await call('GET', `/v1/persons/${nurse.id}?name=Martin2`, { token: nurse.token }))

  const answered = logged.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'answered')
  t.equal(answered.length, 10, 'a line a request')
  t.match(answered.at(-2), { method: 'GET', route: '/v1/professionals/:id/history', status: 200, role: 'regulator' })
  t.match(answered.at(-1), { method: 'GET', status: 404 })
  const text = logged.join('')
  for (const secret of [nurse.id, nurse.token, place.token, hold.pickupCode, 'Martin', 'Camille'])
    t.notMatch(text, secret, `${secret} is in no line`)
})

function linesOf(work: () => void): string[] {
  const before = logged.length
  work()
  return logged.slice(before)
}
