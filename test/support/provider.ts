import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { createLocalJWKSet, exportJWK, jwtVerify, SignJWT } from 'jose'
import Provider from 'oidc-provider'
import type { Test } from 'tap'
import { listenForGood } from './lasting-port.ts'
import { REDIRECT_URI } from './log-in.ts'
import { seededUuid } from './seed.ts'

/** What services ask the provider for, and how often they did. */
const asked = { '/jwks': 0, '/me': 0, '/.well-known/openid-configuration': 0, '/token/introspection': 0 }
type Asked = Record<keyof typeof asked, number>

/** Who may ask it about tokens. */
export const INTROSPECTING = { clientId: 'gomask: service', clientSecret: 'a secret: +%' }

/** An OpenID provider that runs, in the place of Pro Santé Connect. */
export interface RunningProvider {
  issuer: string
  audience: string
  /** The claims of the people who can log in, by subject. `acr` and the like may be among them. */
  people: Map<string, Record<string, unknown>>
  /** Whether tokens say it all, or userinfo alone does. */
  claimsIn: 'token' | 'userinfo'
  /** What later log-ins give: signed tokens, or ones that only the provider can read. */
  tokens: 'jwt' | 'opaque'
  asked: Asked
  /** Connections are taken, and nothing answered. */
  hangs: boolean
  kid: string
  key: KeyObject
  /** Signs any token with the provider's present key, for somebody of `people`, but for what is said. */
  sign(subject: string, claims?: object, header?: object): Promise<string>
  /** Takes another key, and gives the earlier ones up. */
  rotate(): Promise<void>
  /** Nobody listens any more, until started again. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** Starts a provider that signs with RS256; it ends with the test. */
export async function startProvider(
  t: Pick<Test, 'teardown'>,
  audience = 'https://gomask.test',
): Promise<RunningProvider> {
  const server = createServer((request, response) => void answer(request, response))
  const port = await listenForGood(server)
  const issuer = `http://127.0.0.1:${port}`
  let oidc: Provider
  let publicKeys: Awaited<ReturnType<typeof makeKey>>['publicJwk'][] = []

  const provider: RunningProvider = {
    issuer,
    audience,
    people: new Map(),
    claimsIn: 'token',
    tokens: 'jwt',
    asked: { ...asked },
    hangs: false,
    kid: '',
    key: undefined as never,
    sign: (subject, claims = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1000)
      const whole = {
        iss: issuer,
        aud: audience,
        sub: subject,
        iat: now,
        exp: now + 3_600,
        ...provider.people.get(subject),
        ...claims,
      }
      return new SignJWT(JSON.parse(JSON.stringify(whole)))
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: provider.kid, ...header } as never)
        .sign(provider.key)
    },
    async rotate() {
      const { privateJwk, publicJwk, privateKey } = await makeKey()
      provider.key = privateKey
      provider.kid = publicJwk.kid
      publicKeys = [publicJwk]
      oidc = new Provider(issuer, configuration(provider, privateJwk))
    },
    async stop() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
    async start() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (provider.hangs) return
    const path = new URL(request.url ?? '/', issuer).pathname
    if (path in asked) provider.asked[path as keyof Asked]++
    response.setHeader('connection', 'close') // So that no connection of before outlives a stop.
    if (path === '/me') return userinfo(request, response)
    if (!path.startsWith('/interaction/')) return void oidc.callback()(request, response)
    if (request.method !== 'POST') return void response.end('<form method="post"><input name="login"></form>')
    const login = new URLSearchParams(await text(request)).get('login') ?? ''
    await oidc.interactionFinished(request, response, { login: { accountId: login } })
  }

  // The provider's own takes no token that is meant for a service; that of Pro Santé Connect does.
  async function userinfo({ headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = headers.authorization?.replace('Bearer ', '') ?? ''
    const verified = await jwtVerify(token, createLocalJWKSet({ keys: publicKeys }), { issuer }).catch(() => undefined)
    const sub = verified?.payload.sub ?? (await oidc.AccessToken.find(token))?.accountId ?? ''
    response.statusCode = sub === '' ? 401 : 200
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ sub, ...provider.people.get(sub) }))
  }

  await provider.rotate()
  t.teardown(() => provider.stop())
  return provider
}

function configuration(provider: RunningProvider, key: object): object {
  const { audience, people } = provider
  const claimsOf = (subject = '') => people.get(subject)
  return {
    adapter: Memory,
    clients: [
      ...['app', 'other app'].map((client_id) => ({
        client_id,
        token_endpoint_auth_method: 'none',
        redirect_uris: [REDIRECT_URI],
      })),
      {
        client_id: INTROSPECTING.clientId,
        client_secret: INTROSPECTING.clientSecret,
        grant_types: [],
        redirect_uris: [],
        response_types: [],
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: [seededUuid()] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_: unknown, sub: string) => claimsOf(sub) && { accountId: sub, claims: () => ({ sub }) },
    extraTokenClaims: (_: unknown, token: { accountId?: string }) =>
      provider.claimsIn === 'token' ? claimsOf(token.accountId) : undefined,
    // Whoever logs in consents.
    async loadExistingGrant({ oidc }: { oidc: Asking }) {
      const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId })
      grant.addOIDCScope('openid')
      grant.addResourceScope(audience, 'openid')
      await grant.save()
      return grant
    },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          audience,
          scope: 'openid',
          accessTokenFormat: provider.tokens,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  }
}

interface Asking {
  provider: Provider
  session: { accountId: string }
  client: { clientId: string }
}

/** Keeps sessions, codes and grants; the provider's own warns that it is not meant for use. */
class Memory {
  readonly #kept = new Map<string, Record<string, unknown>>()
  readonly upsert = async (id: string, payload: Record<string, unknown>) => void this.#kept.set(id, payload)
  readonly find = async (id: string) => this.#kept.get(id)
  readonly findByUid = async (uid: string) => [...this.#kept.values()].find((payload) => payload.uid === uid)
  readonly findByUserCode = async () => undefined
  readonly consume = async (id: string) => void Object.assign(this.#kept.get(id) ?? {}, { consumed: true })
  readonly destroy = async (id: string) => void this.#kept.delete(id)
  readonly revokeByGrantId = async () => {}
}

async function makeKey() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const names = { kid: seededUuid(), use: 'sig' }
  return {
    privateKey,
    privateJwk: { ...(await exportJWK(privateKey)), ...names },
    publicJwk: { ...(await exportJWK(publicKey)), ...names },
  }
}
