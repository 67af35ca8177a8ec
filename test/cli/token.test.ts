import { decodeJwt } from 'jose'
import t from 'tap'
import { gomask } from '../support/command.ts'
import { onServerOnly } from '../support/database.ts'
import { makeFolder } from '../support/process.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { until } from '../support/until.ts'

const lifeOf = (token: string) => {
  const { exp = 0, iat = 0 } = decodeJwt(token)
  return exp - iat
}

t.test('gomask token: 24 hours at most, and longer only where the glass is broken for it', async (t) => {
  const dataDir = await makeFolder(t)
  const token = (...args: string[]) => gomask(['token', '--role', 'admin', ...args], { DATA_DIR: dataDir })
  const day = await token('--ttl', '24h')
  t.equal(lifeOf(day.stdout), 86_400)
  for (const ttl of ['25h', '2d', '86401s']) {
    t.match(await token('--ttl', ttl), { code: 1, stdout: '', stderr: /at most 24h; more needs --break-glass/ }, ttl)
  }
  t.equal(lifeOf((await token('--ttl', '366d', '--break-glass')).stdout), 366 * 86_400)
  for (const ttl of ['367d', '0h', 'forever']) {
    t.match(await token('--ttl', ttl, '--break-glass'), { code: 1, stdout: '', stderr: /--ttl: a number/ }, ttl)
  }
})

// The embedded database is one process's, here the test's own.
t.test('gomask revoke-token: refused within a second, by id or token', { skip: onServerOnly }, async (t) => {
  const service = await startService(t)
  const revoke = (given: string) => gomask(['revoke-token', given], { DATABASE_URL: service.url ?? '' })
  const status = async (token: string) => (await service.call('GET', '/v1/allocation-rules', { token })).status
  const [first, second, third] = await Promise.all(
    ['a', 'b', 'c'].map((subject) => service.token({ role: 'admin', subject })),
  )
  if (!first || !second || !third) throw new Error('there are three')
  t.same([await status(first), await status(second), await status(third)], [200, 200, 200])
  const id = String(decodeJwt(first).jti)
  t.match(await revoke(id), { code: 0, stdout: `revoked ${id}\n` })
  t.match(await revoke(second), { code: 0, stdout: `revoked ${decodeJwt(second).jti}\n` })
  t.match(await revoke(id), { code: 0 }, 'again')
  await until('the first is still taken', async () => (await status(first)) === 401)
  await until('the second is still taken', async () => (await status(second)) === 401)
  t.equal(await status(third), 200, 'others are not concerned')

  const { rows } = await service.db.foreign('select id from revoked_tokens where forget_at > clock_timestamp()')
  t.equal(rows.length, 2)
  await service.db.foreign(`insert into revoked_tokens (id, forget_at) values ('${seededUuid()}', '2020-01-01')`)
  await revoke(id)
  t.equal((await service.db.foreign('select from revoked_tokens')).rows.length, 2, 'what has ended is forgotten')
  const nothing = { code: 1, stdout: '', stderr: /^gomask: TOKEN: neither an id nor a token/ }
  for (const wrong of ['x', 'e30.e30.e30', `${seededUuid()}0`]) t.match(await revoke(wrong), nothing, wrong)
})
