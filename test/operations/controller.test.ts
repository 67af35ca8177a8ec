import t from 'tap'
import { ConfigError, loadConfig } from '../../src/config.ts'
import { makeDatabase, onServerOnly } from '../support/database.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { startService } from '../support/service.ts'

const UNTOLD = 'CONTROLLER_NAME and CONTROLLER_CONTACT are not set: nobody is told who answers for the personal data'

const infoOf = async (t: Parameters<typeof startService>[0], config: Parameters<typeof startService>[1]) =>
  (await (await startService(t, config)).call('GET', '/openapi.json')).body.info

t.test('the documentation says who answers for the personal data, and how to reach them', async (t) => {
  const named = await infoOf(t, { CONTROLLER_NAME: 'ARS Occitanie', CONTROLLER_CONTACT: 'dpo@ars.example' })
  t.same(named.contact, { name: 'ARS Occitanie', email: 'dpo@ars.example' })
  t.match(named.description, /Who answers for the personal data: ARS Occitanie, dpo@ars\.example\. /)
  const linked = await infoOf(t, { CONTROLLER_CONTACT: 'https://ars.example/dpo' })
  t.same(linked.contact, { url: 'https://ars.example/dpo' })
})

t.test('and nothing where nobody is named', async (t) => {
  const { contact, description } = await infoOf(t, {})
  t.same(contact, { name: 'The operator of the service' })
  t.notMatch(description, /answers for/)
})

t.test('a contact is an e-mail address or an http(s) URL, and a name is one', async (t) => {
  for (const contact of ['dpo@ars.example', 'https://ars.example/dpo', 'http://localhost/dpo']) {
    t.equal(loadConfig({ CONTROLLER_CONTACT: contact }).CONTROLLER_CONTACT, contact)
  }
  for (const contact of ['the front desk', 'javascript:alert(1)', 'ftp://ars.example', 'dpo@', 'a@b.c, d@e.f']) {
    t.throws(
      () => loadConfig({ CONTROLLER_CONTACT: contact }),
      new ConfigError('CONTROLLER_CONTACT: must be an e-mail address or an http(s) URL'),
    )
  }
  t.throws(() => loadConfig({ CONTROLLER_NAME: 'x'.repeat(201) }), /^CONTROLLER_NAME: /)
})

t.test('a start on PostgreSQL warns where one of the two is missing', { skip: onServerOnly }, async (t) => {
  const { url = '', drop } = await makeDatabase(1)
  t.teardown(drop)
  const folder = await makeFolder(t)
  const warned = async (env: Record<string, string>) => {
    const server = makeServer(t, { DATABASE_URL: url, ...env }, folder)
    await server.start()
    server.signal('SIGTERM')
    await server.ended()
    return server.log().some(({ msg, level }) => msg === UNTOLD && level === 'warn')
  }
  t.equal(await warned({}), true)
  t.equal(await warned({ CONTROLLER_NAME: 'ARS Occitanie' }), true)
  t.equal(await warned({ CONTROLLER_NAME: 'ARS Occitanie', CONTROLLER_CONTACT: 'dpo@ars.example' }), false)
})
