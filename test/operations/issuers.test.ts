import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseIssuers } from '../../src/http/issuers/configuration.ts'
import { loadIssuers } from '../../src/issuers.ts'
import { gomask } from '../support/command.ts'
import { makeDatabase, onServerOnly } from '../support/database.ts'
import { logIn } from '../support/log-in.ts'
import { rpps } from '../support/numbers.ts'
import { claimsFor, settingsOf } from '../support/people.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { startProvider } from '../support/provider.ts'
import { until } from '../support/until.ts'

const right = {
  issuer: 'https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet',
  audience: 'gomask',
  algorithms: ['RS256'],
  profile: 'pro-sante-connect',
  enrol: true,
}

const introspection = { check: 'introspection', clientId: 'gomask', clientSecretFile: '/nowhere/to/be/found' }

async function written(t: Test, content: string): Promise<string> {
  const file = join(await makeFolder(t), 'issuers.json')
  await writeFile(file, content)
  return file
}

t.test('a file of issuers is read; what is left out has its default', async (t) => {
  const mapped = { ...right, issuer: 'http://127.0.0.1:8080', profile: { identifier: 'rpps' }, enrol: undefined }
  const file = await written(t, JSON.stringify([right, mapped]))
  const [first, second] = await loadIssuers({ OIDC_ISSUERS_FILE: file })
  t.same(await loadIssuers({ OIDC_ISSUERS_FILE: await written(t, `\ufeff${JSON.stringify([right, mapped])}`) }), [
    first,
    second,
  ])
  t.match(first, { ...right, audience: ['gomask'], acrValues: ['eidas1'] })
  t.match(second, { enrol: false, acrValues: undefined, profile: { identifier: 'rpps', familyName: 'family_name' } })
  t.same(await loadIssuers({ OIDC_ISSUERS_FILE: undefined }), [])
})

t.test('a wrong value is refused in one line that names it', async (t) => {
  for (const [wrong, line] of [
    [{ issuer: 'http://auth.example.org' }, '[0].issuer: must be https, or http to this machine itself'],
    [{ issuer: 'gomask' }, '[0].issuer: must be an https URL'],
    [{ issuer: 'https://user:secret@auth.example.org' }, '[0].issuer: must be https, or http to this machine itself'],
    [{ issuer: 'https://auth.example.org?a=b' }, '[0].issuer: must have no query and no fragment'],
    [{ issuer: 'http://127.0.0.1.example.org' }, '[0].issuer: must be https, or http to this machine itself'],
    [{ jwksUri: 'http://auth.example.org/jwks' }, '[0].jwksUri: must be https, or http to this machine itself'],
    [{ jwksUri: 'file:///etc/passwd' }, '[0].jwksUri: must be an https URL'],
    [{ audience: '' }, /^\[0\].audience: /],
    [{ audience: undefined }, /^\[0\].audience: /],
    [{ audience: [] }, /^\[0\].audience: /],
    [{ algorithms: [] }, '[0].algorithms: must name an algorithm'],
    [{ algorithms: ['HS256'] }, /^\[0\].algorithms\[0\]: /],
    [{ algorithms: ['none'] }, /^\[0\].algorithms\[0\]: /],
    [{ profile: 'franceconnect' }, /^\[0\].profile: must be "pro-sante-connect", or an object/],
    [{ profile: { identifier: 'sub', role: 'role' } }, '[0].profile: Unrecognized key: "role"'],
    [{ profile: {} }, /^\[0\].profile: must be "pro-sante-connect", or an object/],
    [{ acrValues: [] }, '[0].acrValues: must name a value'],
    [{ accessToken: 'JWT' }, /^\[0\].accessToken: must be "at\+jwt", or an object with the claim/],
    [{ clients: [] }, '[0].clients: must name a client'],
    [{ exchange: 'userinfo' }, '[0].exchange: must be an object whose check is "introspection" or "userinfo"'],
    [{ exchange: { check: 'signature' } }, /^\[0\].exchange.*: must be an object whose check is/],
    [{ exchange: { check: 'introspection' } }, /^\[0\].exchange.clientId: /],
    [
      { exchange: { ...introspection, endpoint: 'http://auth.example.org' } },
      /^\[0\].exchange.endpoint: must be https/,
    ],
    [{ exchange: { ...introspection, clientSecret: 'x' } }, /^\[0\].exchange: .*"clientSecret"/],
    [{ enrol: 'yes' }, /^\[0\].enrol: /],
    [{ enroll: true }, /^\[0\]: .*"enroll"/],
  ] as const) {
    t.throws(() => parseIssuers([{ ...right, ...wrong }], ['gomask']), { message: line }, JSON.stringify(wrong))
  }
  const named = '[1].issuer: is this service, or named twice'
  t.throws(() => parseIssuers([right, right], ['gomask']), { message: named })
  t.throws(() => parseIssuers([right], ['gomask', right.issuer]), { message: named.replace('1', '0') })
  t.throws(() => parseIssuers({}, ['gomask']), { message: 'must be a list of issuers' })
})

t.test('a file that is wrong, or not there, stops the start with one line', async (t) => {
  for (const file of ['/nowhere/to/be/found', await written(t, '[\n{]'), await written(t, '[{}]')]) {
    await t.rejects(loadIssuers({ OIDC_ISSUERS_FILE: file }), { message: /^OIDC_ISSUERS_FILE: [^\n]+$/ })
  }
  for (const [clientSecretFile, line] of [
    ['/nowhere/to/be/found', 'ENOENT: no such file or directory'],
    [await written(t, '\n'), 'is empty'],
  ]) {
    const lacking = await written(t, JSON.stringify([{ ...right, exchange: { ...introspection, clientSecretFile } }]))
    await t.rejects(loadIssuers({ OIDC_ISSUERS_FILE: lacking }), {
      message: new RegExp(`^OIDC_ISSUERS_FILE: \\[0\\]\\.exchange\\.clientSecretFile: ${line}`),
    })
  }
  const file = await written(t, JSON.stringify([{ ...right, algorithms: ['HS256'] }]))
  const { code, stdout, stderr } = await gomask(['serve'], {
    DATA_DIR: '/nowhere/to/be/found',
    OIDC_ISSUERS_FILE: file,
  })
  t.same({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr, /^gomask: OIDC_ISSUERS_FILE: \[0\]\.algorithms\[0\]: [^\n]+\n$/)
})

t.test('gomask serve takes the tokens of the file’s issuers, and logs no number', { skip: onServerOnly }, async (t) => {
  const provider = await startProvider(t)
  provider.people.set('f:1:nurse', claimsFor(rpps(1)))
  const { url = '', drop } = await makeDatabase(1)
  t.teardown(drop)
  const file = await written(t, JSON.stringify([settingsOf(provider)]))
  const server = makeServer(t, { DATABASE_URL: url, OIDC_ISSUERS_FILE: file }, await makeFolder(t))
  await server.start()
  const token = await logIn(provider, 'f:1:nurse')
  t.equal((await server.call('GET', '/v1/entitlements/me', { token })).status, 200)
  await provider.rotate()
  const later = await provider.sign('f:1:nurse')
  await provider.stop()
  const isUnavailable = async () => (await server.call('GET', '/v1/entitlements/me', { token: later })).status === 503
  await until('the outage was not noticed', isUnavailable)
  const warned = await server.says('the keys of an issuer could not be fetched')
  t.match(warned, { level: 'warn', issuer: provider.issuer })
  t.notMatch(JSON.stringify(server.log()), new RegExp(`${rpps(1)}|Spécialiste|${token.slice(0, 40)}`))
})
