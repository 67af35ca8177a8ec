import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { askToken, asserted, assertion, basic, makeClientKey, tokenOf } from '../support/clients.ts'
import { gomask } from '../support/command.ts'
import { onServerOnly } from '../support/database.ts'
import { makeFolder } from '../support/process.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { until } from '../support/until.ts'
import { makeWorld, must } from '../support/world.ts'

t.test(
  'gomask client',
  // The embedded database is one process's, here the test's own.
  { skip: onServerOnly },
  async (t) => {
    const service = await startService(t)
    const world = await makeWorld(service, null)
    const place = await world.pharmacy(1)
    const client = (...args: string[]) => gomask(['client', ...args], { DATABASE_URL: service.url ?? '' })
    const scopes = ['--scope', 'stock:read', '--scope=stock:write']
    const created = await client('create', '--name', 'Officine Logiciel', '--role', 'pharmacy', ...scopes)
    const [, id = '', secret = ''] = /^client (\S{36})\nsecret (\S{80})\n$/.exec(created.stdout) ?? []
    const tokenStatus = async (text = secret) => (await askToken(service, basic({ id, secret: text }))).status
    const follow = (token: string, status: number) =>
      until(`answered ${status}`, async () => {
        const answer = await service.call('GET', `/v1/pharmacies/${place.finess}/stock`, { token })
        return answer.status === status
      })

    await t.test('create prints id and secret, alone; the secret works', async (t) => {
      t.match(created, { code: 0, stderr: '' })
      const { body } = must(200, await service.call('GET', `/v1/clients/${id}`, { token: world.admin }))
      t.match(body, { name: 'Officine Logiciel', scopes: ['stock:read', 'stock:write'], tokenSeconds: 900 })
      t.equal(await tokenStatus(), 200)
    })

    await t.test('create takes the public keys of a file, and then prints no secret', async (t) => {
      const file = join(await makeFolder(t), 'jwks.json')
      const key = await makeClientKey()
      await writeFile(file, JSON.stringify({ keys: [key.jwk] }))
      const { stdout } = await client(
        'create',
        '--name',
        'K',
        '--role',
        'admin',
        '--scope',
        'rules:read',
        '--jwks',
        file,
      )
      const [, keyed = ''] = /^client (\S{36})\n$/.exec(stdout) ?? []
      t.equal((await askToken(service, {}, asserted(await assertion(keyed, key)))).status, 200)
      t.match(
        (await client('list')).stdout,
        new RegExp(`^${keyed}  active  admin  0  0  K\n${id}  active  pharmacy  0  1  `),
      )
    })

    await t.test('grant and withdraw: the client acts for the pharmacy, and then not', async (t) => {
      t.match(await client('grant', id, place.finess), { code: 0, stdout: 'granted\n' })
      const token = await tokenOf(service, { id, secret })
      await follow(token, 200)
      t.match(await client('withdraw', id, place.finess), { code: 0, stdout: /^withdrawn 20/ })
      await follow(token, 403)
      const { body } = await service.call('GET', `/v1/pharmacies/${place.finess}/grants`, { token: place.token })
      t.match(body.items, [{ grantedBy: 'admin', withdrawnBy: 'admin' }])
    })

    await t.test(
      'secret add and delete rotate, suspend, resume, revoke-tokens and revoke do what they say',
      async (t) => {
        const [, young = ''] = /^secret (\S{80})\n$/.exec((await client('secret', 'add', id)).stdout) ?? []
        t.strictSame([await tokenStatus(), await tokenStatus(young)], [200, 200])
        const old = secret.split('.')[0] ?? ''
        t.match(await client('secret', 'delete', id, old), { code: 0, stdout: 'secrets left 1\n' })
        t.strictSame([await tokenStatus(), await tokenStatus(young)], [401, 200])

        const token = await tokenOf(service, { id, secret: young })
        must(201, await service.call('PUT', `/v1/pharmacies/${place.finess}/grants/${id}`, { token: place.token }))
        await follow(token, 200)
        t.match(await client('suspend', id), { code: 0, stdout: `client ${id} suspended\n` })
        await follow(token, 403)
        t.match(await client('resume', id), { code: 0, stdout: `client ${id} active\n` })
        await follow(token, 200)
        t.match(await client('revoke-tokens', id), { code: 0 })
        await follow(token, 401)
        t.equal(await tokenStatus(young), 200)
        t.match(await client('revoke', id), { code: 0, stdout: `client ${id} revoked\n` })
        t.equal(await tokenStatus(young), 401)
        t.match(await client('secret', 'add', id), { code: 1, stdout: '', stderr: /revoked, for good/ })
      },
    )

    await t.test('what gives power waits for an operator of another name, who confirms or declines it', async (t) => {
      const env = { DATABASE_URL: service.url ?? '', FOUR_EYES: 'true' }
      const as = (operator: string, ...args: string[]) => gomask(['client', ...args, '--operator', operator], env)
      const options = ['--name', 'ARS', '--role', 'regulator', '--scope', 'audit:read', '--territory', 'FR']
      const { stdout } = await as('Ana', 'create', ...options)
      const [, made = '', secret = '', request = ''] =
        /^client (\S{36})\nsecret (\S{80})\nawaits .* confirm \S{36} (\S{36}) --operator NAME\n$/.exec(stdout) ?? []
      const status = async () => (await askToken(service, basic({ id: made, secret }))).status
      t.match((await client('list')).stdout, `ARS\nawaits another person: gomask client confirm ${made} ${request}`)
      t.match(await as('Ana', 'confirm', made, request), { code: 1, stdout: '', stderr: /another admin/ })
      t.equal(await status(), 401)
      t.match(await as('Bo', 'confirm', made, request), { code: 0, stdout: `client ${made} active\n` })
      t.equal(await status(), 200)
      const added = await as('Ana', 'secret', 'add', made)
      const [, second = ''] = /^secret \S{80}\nawaits .* (\S{36}) --operator NAME\n$/.exec(added.stdout) ?? []
      t.match(await as('Ana', 'decline', made, second), { code: 0, stdout: `client ${made} active\n` })
      t.match(await as('Bo', 'confirm', made, second), { code: 1, stderr: /no such open request/ })
    })

    await t.test('exits 1 with one line for what there is not or cannot be, 2 when called wrongly', async (t) => {
      for (const [args, complaint] of [
        [['suspend', seededUuid()], /no such client/],
        [['grant', id, '310000000'], /FINESS: not a FINESS number/],
        [['create', '--name', 'N', '--role', 'regulator', '--scope', 'audit:read'], /territories/],
      ] as const) {
        const { code, stdout, stderr } = await client(...args)
        t.strictSame([code, stdout, stderr.trim().split('\n').length], [1, '', 1], args.join(' '))
        t.match(stderr, complaint)
      }
      t.equal((await client('create', '--name', 'N')).code, 2)
    })

    await t.test('create makes the client of an app, and says whose tokens it exchanges', async (t) => {
      const app = ['create', '--name', 'App', '--role', 'professional', '--scope', 'stock:read']
      const issuer = 'https://auth.example.org'
      const { stdout } = await client(...app, '--issuer', issuer, '--issuer-client', 'one', '--issuer-client=two')
      const [, made = ''] = /^client (\S{36})\nsecret \S{80}\n$/.exec(stdout) ?? []
      const { body } = must(200, await service.call('GET', `/v1/clients/${made}`, { token: world.admin }))
      t.same(body.exchange, { issuer, clients: ['one', 'two'] })
    })
  },
)
