import { z } from 'zod'
import type { Text } from '../../domain/language.ts'
import { Rejection } from '../../domain/refusals.ts'
import { onlyProblems } from '../../http/problems.ts'
import { scopes } from '../../http/scopes.ts'
import type { App, Deps } from '../../http/service.ts'
import { assertionAlgorithms } from './jwks.ts'
import { grantTypes } from './token-schema.ts'

const metadata = z
  .object({
    issuer: z.string(),
    token_endpoint: z.string(),
    jwks_uri: z.string(),
    scopes_supported: z.array(z.string()),
    response_types_supported: z.array(z.string()),
    grant_types_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    token_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
    service_documentation: z.string(),
  })
  .meta({ id: 'AuthorizationServerMetadata', description: 'RFC 8414.' })

const publicUrlNotSet: Text = {
  en: 'PUBLIC_URL is not set on this service.',
  fr: 'PUBLIC_URL n’est pas défini sur ce service.',
}

/** What a client needs to know to get a token. */
export function metadataRoute(app: App, { config }: Deps): void {
  app.get(
    '/.well-known/oauth-authorization-server',
    {
      config: { policy: 'public' },
      schema: {
        operationId: 'readAuthorizationServerMetadata',
        tags: ['access'],
        summary: 'How machines get tokens (RFC 8414)',
        description: 'Available once the operator has set PUBLIC_URL.',
        response: { 200: metadata, ...onlyProblems(404, 414, 429, 503) },
      },
    },
    async () => {
      if (config.PUBLIC_URL === undefined) throw new Rejection('not_found', publicUrlNotSet)
      return metadataOf(config.PUBLIC_URL)
    },
  )
}

function metadataOf(issuer: string): z.output<typeof metadata> {
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: [...scopes],
    response_types_supported: [], // There is no authorization endpoint.
    grant_types_supported: grantTypes,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    service_documentation: `${issuer}/docs/`,
  }
}
