import createClient from 'openapi-fetch'
import t from 'tap'
import type { paths } from '../../src/client/api.ts'

const body = { professional: '99700090022', identityCheck: { method: 'cps_card' as const }, lines: [] }
const header = { 'idempotency-key': 'k' }
const sent: string[] = []
const client = createClient<paths>({
  baseUrl: 'http://localhost',
  fetch: async ({ method, url }) => {
    sent.push(`${method} ${new URL(url).pathname}`)
    return new Response('{}', { headers: { 'content-type': 'application/json' } })
  },
})

// The compiler refuses what is marked so, and fails where it does not: `npm run typecheck` is the test.
t.test('by the types of the document, the compiler refuses what the service would', async (t) => {
  await client.POST('/v1/dispensations', { params: { header }, body })
  // @ts-expect-error: a key is required.
  await client.POST('/v1/dispensations', { body })
  // @ts-expect-error: the key's header has another name.
  await client.POST('/v1/dispensations', { params: { header: { 'idempotency-kye': 'k' } }, body })
  // @ts-expect-error: a body is required.
  await client.POST('/v1/dispensations', { params: { header }, body: null })
  // @ts-expect-error: there is no such way to check who somebody is.
  await client.POST('/v1/dispensations', { params: { header }, body: { ...body, identityCheck: { method: 'face' } } })
  // @ts-expect-error: a limit is a number.
  await client.GET('/v1/products', { params: { query: { limit: 'many' } } })
  const { error } = await client.POST('/v1/dispensations', { params: { header }, body })
  if (error?.code === 'entitlement_held') error.holds satisfies { id: string }[]
  // @ts-expect-error: the members of a code are those of no other.
  if (error?.code === 'entitlement_exceeded') error.holds
  t.equal(sent.length, 7)
})
