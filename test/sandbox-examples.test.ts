import { join } from 'node:path'
import t from 'tap'
import { type ExampleRequest, exampleRequests } from '../src/cli/openapi/requests.ts'
import { fillSandbox } from '../src/cli/sandbox/fill.ts'
import { peopleOf } from '../src/cli/sandbox/people.ts'
import { loadConfig } from '../src/config.ts'
import { openEmbedded } from '../src/db/embedded.ts'
import { MOVABLE, makeMovable } from '../src/db/movable-clock.ts'
import { openCheckpointFolder } from '../src/jobs/ledger/checkpoint-folder.ts'
import { makeDataDir, onEmbeddedOnly } from './support/database.ts'
import { dereferenced } from './support/references.ts'
import { makeKey, makeSigner, makeWebhookKeys, type Service, startBeside } from './support/service.ts'

interface Operation {
  parameters?: { name: string; example?: string }[]
  responses: Record<string, unknown>
}

async function startSandbox() {
  const dataDir = await makeDataDir()
  const embedded = await openEmbedded(dataDir)
  await makeMovable(embedded.owner)
  const db = await embedded.asService(MOVABLE)
  t.teardown(() => db.close())
  const [key, signer] = [await makeKey(), makeSigner()]
  const folder = await openCheckpointFolder(join(dataDir, 'checkpoints'))
  const sandbox = { ...(await fillSandbox({ db, folder, signers: [signer] })), people: await peopleOf(key) }
  const given = {
    RATE_LIMIT: 0,
    FOUR_EYES: 'false',
    OPEN_DATA: 'bands',
    PUBLIC_URL: 'https://masks.example.org',
  } as const
  const config = { ...loadConfig({}), ...given }
  const made = {
    db,
    url: undefined,
    dataDir,
    config,
    key,
    signers: [signer] as [typeof signer],
    webhookKeys: makeWebhookKeys(),
  }
  return { sandbox, service: await startBeside(t, made, { sandbox }) }
}

t.test('the document’s examples, sent to a new sandbox in its order', { skip: onEmbeddedOnly }, async (t) => {
  const { service, sandbox } = await startSandbox()
  const document = service.app.swagger() as unknown as { paths: Record<string, Record<string, Operation>> }
  const operations = Object.values(dereferenced(document).paths).flatMap((methods) => Object.values(methods))
  const credentials = await credentialsIn(service, sandbox)
  const wrong: string[] = []
  for (const [index, request] of exampleRequests(document).entries()) {
    const { parameters = [], responses = {} } = operations[index] ?? {}
    const key = parameters.find(({ name }) => name === 'idempotency-key')?.example
    // What is answered must be as the document has it, else this throws.
    const { status, body } = await send(service, request, key, credentials)
    const isRight = status < 300 && String(status) in responses
    if (!isRight) wrong.push(`${request.method} ${request.path}: ${status} ${JSON.stringify(body).slice(0, 400)}`)
  }
  t.strictSame(wrong, [], 'each is answered as the document says')
  t.ok(operations.length > 70, 'and they are many')
})

interface Credentials {
  tokens: Record<string, string>
  basic: string
}

/** The first token of each role, as whoever follows the document by hand would take it, and a machine’s. */
async function credentialsIn(
  { call }: Service,
  { people, client }: Awaited<ReturnType<typeof startSandbox>>['sandbox'],
): Promise<Credentials> {
  const basic = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: basic }
  const { body } = await call('POST', '/oauth/token', { headers, body: 'grant_type=client_credentials' })
  const tokens = Object.fromEntries(people.toReversed().map(({ role, token }) => [role, token]))
  return { tokens: { ...tokens, client: body.access_token }, basic }
}

function send(
  { call }: Service,
  { method, path, headers, body, bearer, isBasic }: ExampleRequest,
  key: string | undefined,
  { tokens, basic }: Credentials,
) {
  return call(method as 'GET', path, {
    token: bearer && tokens[bearer],
    headers: { ...headers, ...(key && { 'idempotency-key': key }), ...(isBasic && { authorization: basic }) },
    body,
  })
}
