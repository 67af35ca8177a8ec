import { readFile } from 'node:fs/promises'
import t from 'tap'
import { problemPage } from '../../../src/http/documentation/problem-page.ts'
import { startWithoutDatabase } from '../../support/no-database.ts'
import { dereferenced } from '../../support/references.ts'

const app = await startWithoutDatabase(t)
const json = await app.inject({ url: '/openapi.json' })

t.test('200: the description is there for anybody, as JSON and as YAML', async (t) => {
  t.match(json, { statusCode: 200, headers: { 'content-type': /^application\/json/ } })
  t.match(json.json(), { openapi: /^3\.1/, info: { title: 'GO MASK' } })
  const yaml = await app.inject({ url: '/openapi.yaml' })
  t.match(yaml, { statusCode: 200, headers: { 'content-type': /^application\/yaml/ } })
  for (const path of Object.keys(json.json().paths)) t.ok(yaml.body.includes(`\n  ${path}:\n`), path)
})

t.test('200: the page needs no token, and forbids the browser every other host', async (t) => {
  const { statusCode, headers } = await app.inject({ url: '/docs/' })
  t.match({ statusCode, headers }, { statusCode: 200, headers: { 'content-type': /^text\/html/ } })
  t.notMatch(headers['content-security-policy'], /https?:/)
})

t.test('it says that of a key given twice the last counts', async (t) => {
  t.match(json.json().info.description, /a JSON key twice, the last one counts/)
})

t.test('it says of every write whether it needs an Idempotency-Key', async (t) => {
  const { paths } = dereferenced(json.json())
  interface Operation {
    parameters?: { in: string; name: string; required?: boolean }[]
  }
  const keyed = new Map<string, boolean>()
  for (const [path, methods] of Object.entries(paths as Record<string, Record<string, Operation>>)) {
    for (const [method, { parameters = [] }] of Object.entries(methods)) {
      const key = parameters.find((each) => each.in === 'header' && each.name === 'idempotency-key')
      if (key) keyed.set(`${method.toUpperCase()} ${path}`, key.required === true)
    }
  }
  t.strictSame(
    [...keyed]
      .filter(([, required]) => required)
      .map(([name]) => name)
      .sort(),
    [
      'POST /v1/dispensations',
      'POST /v1/dispensations/{id}/reversal',
      'POST /v1/pharmacies/{finess}/deliveries',
      'POST /v1/pharmacies/{finess}/stock-movements',
      'POST /v1/reservations',
      'POST /v1/reservations/{id}/reduction',
    ],
  )
  const writes = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).flatMap((method) => (method === 'get' ? [] : `${method.toUpperCase()} ${path}`)),
  )
  t.strictSame(
    writes.filter((name) => !keyed.has(name)).sort(),
    [
      'POST /oauth/token',
      'POST /v1/dispensation-checks',
      'POST /v1/pharmacies/{finess}/offline-batches',
      'POST /v1/reservations/lookup',
    ],
    'and every other write takes one: these change nothing, or have a key for each item',
  )
})

t.test('the description begins with a page for each kind of reader, and ends with one of all codes', async (t) => {
  const { description, version } = json.json().info
  const headings = [...description.matchAll(/^# (.*)$/gm)].map(([, heading]) => heading)
  t.strictSame(headings, ['For tills', 'For apps', 'For authorities', 'Problems'])
  const page = await readFile(new URL('../../../docs/problems.md', import.meta.url), 'utf8')
  t.equal(page, problemPage(), 'docs/problems.md is that page')
  const { version: released } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
  t.equal(version, released)
})
