import { readFile } from 'node:fs/promises'
import t from 'tap'
import { configurationPage } from '../src/cli/configuration.ts'
import { ConfigError, loadConfig } from '../src/config.ts'

t.test('proxies are trusted by address or network, and a wrong one stops the start', async (t) => {
  t.equal(loadConfig({}).TRUST_PROXY, false)
  t.equal(loadConfig({ TRUST_PROXY: 'false' }).TRUST_PROXY, false)
  t.strictSame(loadConfig({ TRUST_PROXY: '10.0.0.5, 10.1.0.0/16,2001:db8::/32' }).TRUST_PROXY, [
    '10.0.0.5',
    '10.1.0.0/16',
    '2001:db8::/32',
  ])
  for (const TRUST_PROXY of [
    'true',
    '1',
    '*',
    '10.0.0',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '::/129',
    '10.0.0.5,',
    'proxy',
  ]) {
    t.throws(
      () => loadConfig({ TRUST_PROXY }),
      new ConfigError('TRUST_PROXY: must be false, or addresses and networks such as 10.0.0.5,10.1.0.0/16'),
      TRUST_PROXY,
    )
  }
})

t.test('origins are exact, and a wrong one stops the start', async (t) => {
  t.strictSame(loadConfig({}).CORS_ORIGINS, [])
  const listed = 'https://app.example.org, http://localhost:5173'
  t.strictSame(loadConfig({ CORS_ORIGINS: listed }).CORS_ORIGINS, ['https://app.example.org', 'http://localhost:5173'])
  for (const CORS_ORIGINS of ['*', 'https://app.example.org/', 'app.example.org', 'null', 'https://*.example.org,']) {
    t.throws(() => loadConfig({ CORS_ORIGINS }), /^CORS_ORIGINS: must be origins/, CORS_ORIGINS)
  }
})

t.test('a standby without a server that it stands by for stops the start', async (t) => {
  const DATABASE_READ_URL = 'postgres://standby/gomask'
  t.throws(() => loadConfig({ DATABASE_READ_URL }), /^DATABASE_READ_URL: /)
  t.equal(loadConfig({ DATABASE_READ_URL, DATABASE_URL: 'postgres://db/gomask' }).DATABASE_READ_URL, DATABASE_READ_URL)
})

t.test('docs/configuration.md lists the variables that the program reads, with their defaults', async (t) => {
  const committed = await readFile(new URL('../docs/configuration.md', import.meta.url), 'utf8')
  t.equal(committed, configurationPage(), 'if not: npm run --silent configuration > docs/configuration.md')
})

t.test('STRICT_ROLES is refused where there is no login to be strict about', async (t) => {
  t.throws(() => loadConfig({ STRICT_ROLES: 'true' }), /^STRICT_ROLES: needs DATABASE_URL, as the embedded database/)
  t.equal(loadConfig({ STRICT_ROLES: 'true', DATABASE_URL: 'postgres://db/gomask' }).STRICT_ROLES, true)
})
