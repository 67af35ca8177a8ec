import { z } from 'zod'
import { onlyProblems } from './problems.ts'
import type { App, Deps } from './service.ts'

const jwk = z.object({
  kty: z.string(),
  crv: z.string(),
  x: z.string(),
  y: z.string(),
  kid: z.string(),
  use: z.string(),
  alg: z.string(),
})

/** The public keys that verify this service's tokens (RFC 7517). */
export async function keyRoutes(app: App, { keys }: Deps): Promise<void> {
  app.get(
    '/.well-known/jwks.json',
    {
      config: { policy: 'public' },
      schema: {
        operationId: 'listKeys',
        tags: ['access'],
        summary: 'The public keys that verify tokens',
        response: { 200: z.object({ keys: z.array(jwk) }), ...onlyProblems(414, 429, 503) },
      },
    },
    async () => ({ keys: keys.map(({ publicJwk }) => jwk.parse(publicJwk)) }),
  )
}
