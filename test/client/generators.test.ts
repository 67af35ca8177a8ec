import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createClient } from '@hey-api/openapi-ts'
import { generateSource } from 'oazapfts'
import { generate } from 'openapi-typescript-codegen'
import t from 'tap'
import ts from 'typescript'

const ROOT = join(import.meta.dirname, '../..')
const DOCUMENT = join(ROOT, 'openapi.yaml')

const HEADERS = `const headers = { 'idempotency-key': 'k' }; `
const BODY = `{ professional: '99700090022', identityCheck: { method: 'cps_card' }, lines: [] }`

/** A program for each generator's client: what stands after its head is a line each. */
const programs: Record<string, { head: string; right: string[]; wrong: string[] }> = {
  hey: {
    head: `import { dispense, listProducts, readStock } from './hey-api/sdk.gen'`,
    right: [
      `dispense({ headers, body: ${BODY} })`,
      `dispense({ headers: { ...headers, 'x-operator': 'till-2' }, body: ${BODY} })`,
      `listProducts({ query: { limit: 5 } }).then((a) => a.data?.items.map(({ code }): string => code))`,
      `dispense({ headers, body: ${BODY} }).then((a) => a.error?.code === 'entitlement_held' && a.error.holds)`,
    ],
    wrong: [
      `dispense({ body: ${BODY} })`,
      `dispense({ headers: { 'idempotency-kye': 'k' }, body: ${BODY} })`,
      `dispense({ headers, body: null })`,
      `dispense({ headers, body: { professional: '1' } })`,
      `dispense({ headers, body: { ...${BODY}, identityCheck: { method: 'face' } } })`,
      `listProducts({ query: { limit: 'many' } })`,
      `readStock()`,
      `dispense({ headers, body: ${BODY} }).then((a) => a.error?.code === 'stock_insufficient' && a.error.holds)`,
    ],
  },
  oazapfts: {
    head: `import { dispense, listProducts, readStock } from './oazapfts'`,
    right: [
      `dispense('k', ${BODY})`,
      `dispense('k', ${BODY}, { xOperator: 'till-2' })`,
      `listProducts({ limit: 5 }).then((a) => a.status === 200 && a.data.items.map(({ code }): string => code))`,
      `dispense('k', ${BODY}).then((a) => a.status === 409 && a.data.code === 'entitlement_held' && a.data.holds)`,
    ],
    wrong: [
      `dispense(${BODY})`,
      `dispense('k', ${BODY}, { xOperatr: 'till-2' })`,
      `dispense('k', null)`,
      `dispense('k', { professional: '1' })`,
      `dispense('k', { ...${BODY}, identityCheck: { method: 'face' } })`,
      `listProducts({ limit: 'many' })`,
      `readStock()`,
      `dispense('k', ${BODY}).then((a) => a.status === 409 && a.data.code === 'stock_insufficient' && a.data.holds)`,
    ],
  },
  codegen: {
    head: `import { DispensationsService as D, ReferenceDataService as R, StockService as S } from './codegen'`,
    right: [
      `D.dispense({ idempotencyKey: 'k', requestBody: ${BODY} })`,
      `D.dispense({ idempotencyKey: 'k', xOperator: 'till-2', requestBody: ${BODY} })`,
      `R.listProducts({ limit: 5 }).then((a) => a.items.map(({ code }): string => code))`,
    ],
    wrong: [
      `D.dispense({ requestBody: ${BODY} })`,
      `D.dispense({ idempotencyKye: 'k', requestBody: ${BODY} })`,
      `D.dispense({ idempotencyKey: 'k', requestBody: null })`,
      `D.dispense({ idempotencyKey: 'k', requestBody: { professional: '1' } })`,
      `D.dispense({ idempotencyKey: 'k', requestBody: { ...${BODY}, identityCheck: { method: 'face' } } })`,
      `R.listProducts({ limit: 'many' })`,
      `S.readStock()`,
    ],
  },
}

t.test('the clients of other generators compile, and the compiler refuses what the service would', async (t) => {
  // Outside the checkout, whose own settings and modules would be found from below it.
  const folder = await mkdtemp(join(tmpdir(), 'gomask-generators-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'node_modules'))
  await symlink(join(ROOT, 'node_modules/@oazapfts'), join(folder, 'node_modules/@oazapfts'))
  await createClient({
    input: DOCUMENT,
    output: join(folder, 'hey-api'),
    logs: { level: 'silent', file: false },
    plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
  })
  await writeFile(join(folder, 'oazapfts.ts'), await generateSource(DOCUMENT))
  await generate({ input: DOCUMENT, output: join(folder, 'codegen'), useOptions: true, useUnionTypes: true })
  const files = Object.entries(programs).flatMap(([name, { head, right, wrong }]) => [
    { path: join(folder, `${name}-right.ts`), text: [HEADERS + head, ...right].join('\n') },
    { path: join(folder, `${name}-wrong.ts`), text: [HEADERS + head, ...wrong].join('\n') },
  ])
  await Promise.all(files.map(({ path, text }) => writeFile(path, text)))
  const expected = Object.entries(programs).flatMap(([name, { wrong }]) =>
    wrong.map((_, nth) => `${name}-wrong.ts:${nth + 2}`),
  )
  t.same(refused(files.map(({ path }) => path)), expected.sort(), 'each wrong call where it stands, and nothing else')
})

/** Where the compiler, as strict as the generated code bears, finds something wrong. */
function refused(paths: string[]): string[] {
  const program = ts.createProgram(paths, {
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.esnext.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  })
  const found = ts.getPreEmitDiagnostics(program).map(({ file, start = 0 }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
    return `${basename(file?.fileName ?? '')}:${line}`
  })
  return [...new Set(found)].sort()
}
