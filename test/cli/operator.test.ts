import { hostname, userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { actsOf } from '../support/admin-acts.ts'
import { gomask } from '../support/command.ts'
import { onServerOnly } from '../support/database.ts'
import { startService } from '../support/service.ts'
import { tamper } from '../support/superuser.ts'
import { makeWorld } from '../support/world.ts'

const map = fileURLToPath(new URL('../data/osm-made.geojson', import.meta.url))

t.test('the journal of administration names who ran a command, and where', { skip: onServerOnly }, async (t) => {
  const service = await startService(t)
  const { db } = service
  const world = await makeWorld(service, null)
  const place = await world.pharmacy(1)
  const [nurse, gone] = [await world.professional(1), await world.professional(2)]
  await tamper(
    service,
    `update persons set updated_at = updated_at - interval '4000 days'
     where id = (select person_id from person_identifiers where identifier = '${gone.id}')`,
  )
  const env = { DATABASE_URL: service.url ?? '', NAME_RETENTION_DAYS: '3999' }
  const run = (...args: string[]) => actsOf(db, () => gomask(args, env))
  const till = ['client', 'create', '--name', 'A till', '--role', 'pharmacy', '--scope', 'stock:read']
  const created = await run(...till, '--operator', 'Camille')
  const [, id = '', secret = ''] = /^client (\S{36})\nsecret (\S{36})/.exec(created.result.stdout) ?? []
  const why = ['--authority', 'CNIL', '--reason', 'R']
  for (const [act, ...args] of [
    ['client secret add', 'client', 'secret', 'add', id],
    ['client secret delete', 'client', 'secret', 'delete', id, secret],
    ['client suspend', 'client', 'suspend', id],
    ['client resume', 'client', 'resume', id],
    ['client revoke-tokens', 'client', 'revoke-tokens', id],
    ['client grant', 'client', 'grant', id, place.finess],
    ['client withdraw', 'client', 'withdraw', id, place.finess],
    ['client revoke', 'client', 'revoke', id],
    ['rules load', 'rules', 'load'],
    ['import osm', 'import', 'osm', map],
    ['erase-professional', 'erase-professional', nurse.id, ...why],
    ['retention', 'retention'],
    ['revoke-token', 'revoke-token', '018f2f3e-7d1c-7a10-8a44-0c1d2e3f4a5b'],
  ] as [string, ...string[]][]) {
    const { result, acts } = await run(...args, '--operator=Camille')
    t.equal(result.code, 0, result.stderr)
    t.ok(acts.length > 0, `${act} is in the journal`)
    for (const each of acts) t.match(each, { role: 'command', name: 'Camille', act, address: hostname() })
  }
  t.match(created.acts, [{ act: 'client create', kind: 'client', object: id }, { kind: 'secret' }])
  const unnamed = await run(...till)
  t.match(unnamed.acts[0], { role: 'command', name: userInfo().username }, 'else who has logged in')
  const nameless = await run(...till, '--operator', '')
  t.match(nameless, { result: { code: 1, stdout: '', stderr: /^gomask: --operator: / }, acts: [] })
})
