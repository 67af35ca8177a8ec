import owasp from '@stoplight/spectral-owasp-ruleset'
import { oas } from '@stoplight/spectral-rulesets'

/**
 * What the document is held to besides redocly.yaml: Spectral's own rules and OWASP's for APIs, down to the last hint.
 * Each exception below says why the rule would make the document say something that is not true or not meant.
 */
export default {
  extends: [oas, owasp],
  rules: {
    // An answer has the header only for a page whose origin the operator allows (CORS_ORIGINS); programs never get it.
    'owasp:api8:2023-define-cors-origin': 'off',
    // RFC 6749, section 2.3.1, demands HTTP Basic of a token endpoint. It is taken there alone; the rest takes tokens.
    'owasp:api2:2023-no-http-basic': 'off',
    // RFC 6749, section 4.4.3: a machine gets no refresh token. It asks for a new one, and each lives an hour at most.
    'owasp:api2:2023-short-lived-access-tokens': 'off',
    // The sizes of what callers send, since that is what exhausts a service. Of answers the document says those that
    // are fixed, such as an id's. The others grow with the facts: a limit would be a promise that later releases break.
    ...ofRequests('string', 'owasp:api4:2023-string-limit', 'owasp:api4:2023-string-restricted'),
    ...ofRequests('integer', 'owasp:api4:2023-integer-limit', 'owasp:api4:2023-integer-format'),
    ...ofRequests('array', 'owasp:api4:2023-array-limit'),
  },
  overrides: [
    // The public readings: whoever adds one names it here. They know no caller, hence no 401.
    exceptions(
      [...paths('healthz', 'readyz', 'openapi.json', 'openapi.yaml', 'v1/products'), ...discovery(), ...openData()],
      ['api2:2023-read-restricted', 'api8:2023-define-error-responses-401'],
    ),
    // They take no input and ask nothing of the database: there is nothing to be wrong in them, and nothing that fails.
    exceptions(
      [...paths('healthz', 'readyz', 'openapi.json', 'openapi.yaml'), ...discovery()],
      ['api8:2023-define-error-validation', 'api8:2023-define-error-responses-500'],
    ),
    // A load balancer asks as often as it likes.
    exceptions(paths('healthz', 'readyz'), ['api4:2023-rate-limit', 'api4:2023-rate-limit-responses-429']),
    // Answered before anything is counted; tokens are counted by client and address, whose counts nobody is told.
    exceptions(
      ['components/responses/Unauthenticated', 'components/responses/UriTooLong', ...paths('oauth/token')],
      ['api4:2023-rate-limit'],
    ),
    // `{secret}` is the id of a secret.
    exceptions(paths('v1/clients/%7Bid%7D/secrets/%7Bsecret%7D'), ['api2:2023-no-credentials-in-url']),
    // RFC 6749 and its kin set no limits but the body's, 16 kB (413). What a client does not have is refused by name.
    exceptions(
      ['components/schemas/IssueTokenRequest'],
      ['api4:2023-string-limit', 'api4:2023-string-restricted', 'api4:2023-array-limit'],
    ),
    // Headers have no limit but that of all together (431), and a wrong one counts as none. `text/csv` is a file, which
    // its path limits (413). `openAt` is always refused.
    exceptions(
      [
        'components/parameters/accept-language',
        'components/parameters/header.if-none-match',
        'paths/~1v1~1pharmacies~1%7Bfiness%7D~1stock/put/requestBody/content/text~1csv',
        'paths/~1v1~1pharmacies/get/parameters/5',
        'paths/~1v1~1events/get/parameters/5', // Last-Event-ID: an empty one is none.
      ],
      ['api4:2023-string-limit', 'api4:2023-string-restricted'],
    ),
    // RFC 7517: a `kid` is any text. Of many pharmacies a wrong number is answered by itself and spoils no other.
    exceptions(
      [
        'components/schemas/CreateClientRequest/properties/jwks',
        'components/schemas/ChangeClientRequest/properties/jwks',
        'components/schemas/GrantManyPharmaciesRequest/properties/pharmacies',
      ],
      ['api4:2023-string-restricted'],
    ),
    // The log has no largest size.
    exceptions(paths('v1/ledger/consistency-proof'), ['api4:2023-integer-limit', 'api4:2023-integer-format']),
    // A reading for regulators of what admins did, not a place of admins.
    exceptions(paths('v1/audit/admin-acts'), ['api5:2023-admin-security-unique']),
  ],
}

function discovery() {
  return paths('.well-known/jwks.json', '.well-known/oauth-authorization-server')
}

function openData() {
  const files = ['manifest.json', 'stock.csv', 'stock.geojson', 'stock.ndjson'].map((file) => `open-data/${file}`)
  const korean = ['sales', 'stores', 'storesByAddr', 'storesByGeo'].map((name) => `corona19-masks/v1/${name}/json`)
  return paths(...files, ...korean)
}

function paths(...names) {
  return names.map((name) => `paths/~1${name.replaceAll('/', '~1')}`)
}

function exceptions(places, rules) {
  return {
    files: places.map((place) => `openapi.yaml#/${place}`),
    rules: Object.fromEntries(rules.map((rule) => [`owasp:${rule}`, 'off'])),
  }
}

/** The rules, for what callers send alone. */
function ofRequests(type, ...names) {
  const given = ['parameters', 'requestBody'].map((part) => `$.paths..${part}..[?(@ && @.type=='${type}')]`)
  return Object.fromEntries(names.map((name) => [name, { ...owasp.rules[name], given }]))
}
