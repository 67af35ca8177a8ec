import pg from 'pg'
import t from 'tap'
import type { Queryable } from '../../src/db/database.ts'
import { statementOf } from '../../src/db/query.ts'
import { forgetExpiredKeys } from '../../src/store/idempotency.ts'
import { prepare } from '../bench/set/load.ts'
import { makeServerDatabase, serverUrl } from '../support/database.ts'

const skip = serverUrl ? false : 'the plans of the embedded database are not those of a server'

t.test('a batch of expired keys is found without reading all keys', { skip }, async (t) => {
  const { url, drop } = await makeServerDatabase(serverUrl ?? '')
  t.teardown(drop)
  await prepare(url)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`
    insert into idempotency_keys (scope, key, request_hash, status, response, expires_at)
    select 'scope', n::text, '\\x00', 200, '{}', now() - make_interval(secs => n) from generate_series(1, 40000) n`)
  await client.query('vacuum analyze idempotency_keys')
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    await client.query(`set plan_cache_mode = ${mode}`)
    const plan: string[] = []
    const explaining: Queryable = {
      async execute(query) {
        const { text, values } = statementOf(query)
        const { rows } = await client.query({ name: mode, text: `explain ${text}`, values })
        plan.push(...rows.map((row) => row['QUERY PLAN']))
        return { rows: [{ forgotten: 0 }] }
      },
    }
    await forgetExpiredKeys(explaining)
    t.match(plan.join('\n'), /Index Scan using idempotency_keys_expiring/, mode)
    t.notMatch(plan.join('\n'), /Seq Scan on idempotency_keys/, mode)
  }
})
