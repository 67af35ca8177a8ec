import t from 'tap'
import type { Database } from '../../src/db/database.ts'
import { attacking } from '../support/attack.ts'
import { startBeside, startService } from '../support/service.ts'
import { range } from '../support/tally.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const world = await makeWorld(service)
const refusals = async () => (await service.db.foreign('select from refusals')).rows.length

t.test('a storm of refused reservations leaves 60 an hour of each person, and each is answered', async (t) => {
  const [greedy, other] = [await world.professional(1), await world.professional(2)]
  const before = await refusals()
  for (const _ of range(attacking(70))) must(409, await world.reserve(greedy.token, { quantity: 1 }))
  t.equal((await refusals()) - before, 60)
  must(409, await world.reserve(other.token, { quantity: 1 }))
  t.equal((await refusals()) - before, 61, 'those of others are kept')
})

t.test('a write that was refused makes nobody read again what each client may do', async (t) => {
  const read: string[] = []
  const counting = new Proxy(service.db, {
    get(db, name: keyof Database) {
      if (name !== 'execute') return db[name]
      return (query: never, statement: string) => {
        if (statement.includes('standing')) read.push(statement)
        return db.execute(query, statement)
      }
    },
  })
  const { call } = await startBeside(t, { ...service, db: counting })
  must(200, await call('GET', '/v1/clients', { token: world.admin }))
  const before = read.length
  // However long it takes: what was read does not grow old meanwhile.
  const now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
  for (const _ of range(attacking(20))) {
    t.equal((await call('POST', '/v1/clients', { body: {} })).status, 401)
    t.equal((await call('POST', '/v1/clients', { token: world.admin, body: {} })).status, 400)
  }
  must(200, await call('GET', '/v1/clients', { token: world.admin }))
  t.equal(read.length - before, 0)
})
