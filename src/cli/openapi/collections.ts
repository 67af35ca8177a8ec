import type { ExampleRequest } from './requests.ts'

const BASE_URL = 'http://127.0.0.1:3000'
const VARIABLES = [
  ...['pharmacyToken', 'professionalToken', 'regulatorToken', 'adminToken', 'clientToken'],
  ...['clientId', 'clientSecret'],
]
const POSTMAN = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json'

const BASIC = {
  type: 'basic',
  basic: [
    { key: 'username', value: '{{clientId}}', type: 'string' },
    { key: 'password', value: '{{clientSecret}}', type: 'string' },
  ],
}

/** A `.http` file, as editors send them. */
export function httpFile(requests: readonly ExampleRequest[]): string {
  const variables = [`@baseUrl = ${BASE_URL}`, ...VARIABLES.map((name) => `@${name} = `)]
  const blocks = requests.map(({ name, method, path, body, ...request }) =>
    [
      `### ${name}`,
      `${method} {{baseUrl}}${path}`,
      ...(request.isBasic ? ['authorization: Basic {{clientId}} {{clientSecret}}'] : []),
      ...Object.entries(headersOf(request)).map(([header, value]) => `${header}: ${value}`),
      ...(body === undefined ? [] : ['', body]),
    ].join('\n'),
  )
  return `${[variables.join('\n'), ...blocks].join('\n\n')}\n`
}

/** A Postman collection (v2.1), one folder a group. */
export function postmanCollection(title: string, requests: readonly ExampleRequest[]): string {
  const groups = Map.groupBy(requests, ({ group }) => group)
  const variable = [{ key: 'baseUrl', value: BASE_URL }, ...VARIABLES.map((key) => ({ key, value: '' }))]
  const item = [...groups].map(([name, members]) => ({ name, item: members.map(postmanRequest) }))
  return `${JSON.stringify({ info: { name: title, schema: POSTMAN }, variable, item }, null, 2)}\n`
}

function postmanRequest({ name, method, path, body, ...request }: ExampleRequest): object {
  const [address = '', query] = path.split('?')
  return {
    name,
    request: {
      method,
      header: Object.entries(headersOf(request)).map(([key, value]) => ({ key, value })),
      url: {
        raw: `{{baseUrl}}${path}`,
        host: ['{{baseUrl}}'],
        path: address.split('/').slice(1),
        query: [...new URLSearchParams(query)].map(([key, value]) => ({ key, value })),
      },
      ...(request.isBasic && { auth: BASIC }),
      ...(body !== undefined && { body: { mode: 'raw', raw: body } }),
    },
  }
}

function headersOf({ bearer, headers }: Pick<ExampleRequest, 'bearer' | 'headers'>): Record<string, string> {
  return { ...(bearer && { authorization: `Bearer {{${bearer}Token}}` }), ...headers }
}
