import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { openServer } from '../../src/db/server.ts'
import type { Signer } from '../../src/domain/signed-note.ts'
import type { SigningKey } from '../../src/keys/signing-key.ts'
import { expectNoLeak, overhear, overheardLogger } from './leaks.ts'
import { makeKey, makeSigner, makeWebhookKeys } from './service.ts'

/** The application over a database that is not there; it takes no time to start, and ends with the test. */
export async function startWithoutDatabase(t: Test, key?: SigningKey): Promise<FastifyInstance> {
  // Nothing listens on port 1.
  const db = openServer('postgres://nobody@127.0.0.1:1/none', { connections: 2, onError: () => {} })
  const config = { ...loadConfig({}), RATE_LIMIT: 0 }
  const deps = {
    config,
    db,
    keys: [key ?? (await makeKey())] as [SigningKey],
    issuers: [],
    signers: [makeSigner()] as [Signer],
    webhookKeys: makeWebhookKeys(),
  }
  const app = await buildApp(deps, overheardLogger())
  await app.ready()
  overhear(app)
  t.teardown(async () => {
    await app.close()
    await db.close()
    t.comment(expectNoLeak())
  })
  return app
}
