import { fc } from '../seed.ts'
import { anyValueOf, type Schema, type Source } from './values.ts'

/** A request as it is sent; the token's name stands for it, so that a failure can be read. */
export interface FuzzedRequest {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  path: string
  caller: string
  headers: Record<string, string>
  body?: string
}

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Schema
}

interface Operation {
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

/** An OpenAPI document, as far as requests are made of it. */
export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

/** Requests to every operation of the document, by every caller, mostly well formed and often about what there is. */
export function requestsOf(
  { paths, components }: Document,
  { callersOf, known }: { callersOf: (operation: string) => fc.Arbitrary<string>; known: Source['known'] },
): fc.Arbitrary<FuzzedRequest> {
  const source = { schemas: components.schemas, known }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      requestOf(path, method, operation, callersOf(`${method.toUpperCase()} ${path}`), source),
    ),
  )
  return fc.oneof(...operations)
}

function requestOf(
  template: string,
  method: string,
  { parameters = [], requestBody }: Operation,
  callers: fc.Arbitrary<string>,
  source: Source,
): fc.Arbitrary<FuzzedRequest> {
  const given = (place: Parameter['in']) => parameters.filter((parameter) => parameter.in === place)
  return fc
    .record({
      caller: callers,
      path: pathOf(template, given('path'), source),
      query: queryOf(given('query'), source),
      headers: headersOf(given('header'), source),
      body: bodyOf(requestBody, source),
    })
    .map(({ caller, path, query, headers, body }) => ({
      method: method.toUpperCase() as FuzzedRequest['method'],
      path: query === '' ? path : `${path}?${query}`,
      caller,
      headers: { ...headers, ...body.headers },
      ...(body.text !== undefined && { body: body.text }),
    }))
}

// What exists is known by its collection's name, with a slash: a parameter's own is often no more than `id`.
function pathOf(template: string, parameters: readonly Parameter[], source: Source): fc.Arbitrary<string> {
  const parts = template.split('/').map((part, nth, all) => {
    if (!part.startsWith('{')) return fc.constant(part)
    const schema = parameters.find(({ name }) => `{${name}}` === part)?.schema ?? { type: 'string' }
    return anyValueOf(schema, source, `/${all[nth - 1]}`).map((value) => encode(value) || '-')
  })
  return fc.tuple(...parts).map((made) => made.join('/'))
}

function queryOf(parameters: readonly Parameter[], source: Source): fc.Arbitrary<string> {
  const made = parameters.map(({ name, required, schema }) => {
    const one = anyValueOf(schema, source, name).map((value) => [`${name}=${encode(value)}`])
    const twice = one.map(([text = '']) => [text, text])
    return fc.oneof(
      { weight: required ? 60 : 2, arbitrary: one },
      { weight: 2, arbitrary: fc.constant([]) },
      ...(required ? [] : [{ weight: 1, arbitrary: twice }]),
    )
  })
  return fc.tuple(...made).map((all) => all.flat().join('&'))
}

const key = fc.oneof(
  { weight: 20, arbitrary: fc.uuid() },
  { weight: 4, arbitrary: fc.constantFrom('the-same', 'the-other') },
  { weight: 1, arbitrary: fc.constantFrom('', ' ', 'é', 'x'.repeat(300)) },
)

function headersOf(parameters: readonly Parameter[], source: Source): fc.Arbitrary<Record<string, string>> {
  const made = parameters.map(({ name, required, schema }) => {
    const value = /idempotency-key/i.test(name) ? key : anyValueOf(schema, source, name).map(headerText)
    return fc.oneof(
      { weight: required ? 40 : 1, arbitrary: value.map((text) => [[name.toLowerCase(), text]]) },
      { weight: 1, arbitrary: fc.constant([]) },
    )
  })
  const accept = fc.constantFrom(
    'text/csv',
    'application/x-ndjson',
    'application/problem+json',
    'image/png',
    '*/*',
    ';',
  )
  const other = fc.oneof(
    { weight: 12, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: accept.map((type) => [['accept', type]]) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('fr', 'fr;q=0.5, en', '*', 'x;q=9').map((lang) => [['accept-language', lang]]),
    },
  )
  return fc.tuple(...made, other).map((all) => Object.fromEntries(all.flat()))
}

function bodyOf(
  requestBody: Operation['requestBody'],
  source: Source,
): fc.Arbitrary<{ headers: Record<string, string>; text?: string }> {
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? []
  const json = { 'content-type': 'application/json' }
  const broken = fc.constantFrom(
    { headers: json, text: '{"a":' },
    { headers: json, text: '' },
    { headers: json, text: '[[[[[[[[[[[[]]]]]]]]]]]]' },
    { headers: json, text: '{"product":"surgical","product":"ffp2"}' },
    { headers: json, text: '{"__proto__":{"role":"admin"}}' },
    { headers: { 'content-type': 'text/plain' }, text: 'a' },
    { headers: { 'content-type': 'application/xml' }, text: '<a/>' },
  )
  if (type === undefined || content === undefined) {
    return fc.oneof({ weight: 20, arbitrary: fc.constant({ headers: {} }) }, { weight: 1, arbitrary: broken })
  }
  const right = anyValueOf(content.schema, source).map((value) => ({
    headers: { 'content-type': type },
    text: /json/.test(type) ? JSON.stringify(value) : form(value),
  }))
  return fc.oneof({ weight: 30, arbitrary: right }, { weight: 1, arbitrary: broken })
}

function form(value: unknown): string {
  const members = Object.entries(Object(value)).map(([name, member]) => `${encode(name)}=${encode(member)}`)
  return members.join('&')
}

function encode(value: unknown): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return encodeURIComponent(text.toWellFormed())
}

// A client's library sends no header with a line break, and no letters beyond Latin 1.
function headerText(value: unknown): string {
  return String(typeof value === 'object' ? JSON.stringify(value) : value).replaceAll(/[^\x20-\xff]/g, '?')
}
