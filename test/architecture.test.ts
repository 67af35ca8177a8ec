import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options'
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import t from 'tap'
import ts from 'typescript'
import { problemStatus } from '../src/http/problem.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const LONGEST_FILE_LINES = 200
const LONGEST_FUNCTION_LINES = 50
const GENERATED = ['src/client/api.ts']
/** Files that operators write, not callers: they are told in English. */
const OPERATORS = /^src\/http\/issuers\//
const WIDEST_COLUMNS = 120 // As the formatter has it for code; it leaves comments alone.

/** A source file, parsed. */
interface Source {
  path: string
  text: string
  tree: ts.SourceFile
}

const sources = await readSources('src')
const tests = await readSources('test')

t.test('imports run one way: domain, db, store, http, features, app', async (t) => {
  const options = await extractOptions(`${ROOT}.dependency-cruiser.mjs`)
  const { output } = await cruise(['src', 'test'], { ...options, baseDir: ROOT, validate: true }, undefined, {
    tsConfig: extractTSConfig(`${ROOT}tsconfig.json`),
  })
  const { violations, totalCruised } = (output as ICruiseResult).summary
  t.ok(totalCruised > sources.length, 'the tests were looked at too')
  t.same(
    violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    [],
  )
})

t.test('no HTTP status is named below http, nor by a verb of a feature', async (t) => {
  const layers = /^src\/(domain|db|store|jobs|features)\//
  const routes = /(routes?|schema|oauth-errors)\.ts$/
  const silent = sources.filter(({ path }) => layers.test(path) && !routes.test(path))
  t.same(
    silent.filter(({ text }) => namesStatus(text)).map(({ path }) => path),
    [],
  )
})

t.test('the environment is read in config.ts alone', async (t) => {
  // The launcher sets it for the program that it starts.
  const program = sources.filter(({ path }) => path !== 'src/launch.mjs')
  const readers = program.filter(({ tree }) => holds(tree, isProcessEnv)).map(({ path }) => path)
  t.same(readers, ['src/config.ts'])
})

t.test(`a file of the program is shorter than ${LONGEST_FILE_LINES} lines`, async (t) => {
  const lengths = sources.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
  t.same(
    lengths.filter(({ lines }) => lines >= LONGEST_FILE_LINES),
    [],
  )
})

t.test(`a function of the program is shorter than ${LONGEST_FUNCTION_LINES} lines`, async (t) => {
  const long = sources.flatMap(({ path, tree }) =>
    functionsOf(tree)
      .map((node) => ({ path, name: nameOf(node), lines: linesOf(tree, node) }))
      .filter(({ lines }) => lines >= LONGEST_FUNCTION_LINES),
  )
  t.same(long, [])
})

t.test(`no comment is wider than ${WIDEST_COLUMNS} columns`, async (t) => {
  t.same([...sources, ...tests].flatMap(wideComments), [])
})

t.test(
  'values stand in texts as phrases, so that each language writes their figures and dates its own way',
  async (t) => {
    const joined = sources.filter(({ tree }) => holds(tree, isJoinedText)).map(({ path }) => path)
    t.same(joined, [])
  },
)

t.test('what a schema finds wrong with a request is said in both languages', async (t) => {
  const schemas = sources.filter(({ path }) => /^src\/(http|features)\//.test(path) && !OPERATORS.test(path))
  t.same(
    schemas.filter(({ tree }) => holds(tree, isBareIssue)).map(({ path }) => path),
    [],
  )
})

t.test('no test keeps the others from running, and none is left out without a reason', async (t) => {
  const silenced = tests.filter(({ tree }) => holds(tree, isSilencer)).map(({ path }) => path)
  t.same(silenced, [])
})

t.test('the checks above find what they look for', async (t) => {
  const planted = parse(
    'planted.ts',
    `const { env } = process; t.test('a', () => {}, { only: true }); t.only('b'); t.skip('c')
     function long() {${'\n'.repeat(LONGEST_FUNCTION_LINES)}}`,
  )
  t.ok(holds(planted.tree, isProcessEnv))
  t.ok(holds(parse('other.ts', "process['env'].HOME").tree, isProcessEnv))
  t.notOk(holds(parse('harmless.ts', 'process.exitCode = 1; config.env').tree, isProcessEnv))
  t.ok(namesStatus('/** Throws 404 where there is none. */'))
  t.ok(namesStatus('const status = 503'))
  t.notOk(namesStatus('const LONGEST_LINE = 4040'))
  t.equal(all(planted.tree).filter(isSilencer).length, 3)
  t.ok(holds(parse('joined.ts', `const said = { en: \`\${1} mask\`, fr: phrase\`\${1} masque\` }`).tree, isJoinedText))
  t.notOk(holds(parse('phrases.ts', `const said = { en: phrase\`\${1} mask\`, fr: 'rien' }`).tree, isJoinedText))
  t.ok(holds(parse('bare.ts', "z.string().min(1, 'is empty')").tree, isBareIssue))
  t.ok(holds(parse('bare.ts', "context.addIssue({ code: 'custom', message: 'is wrong' })").tree, isBareIssue))
  t.notOk(
    holds(parse('said.ts', "z.string().max(1).refine(isGood, saying({ en: 'bad', fr: 'mauvais' }))").tree, isBareIssue),
  )
  t.notOk(holds(parse('reasoned.ts', "t.test('a', { skip: 'no server' }, () => {})").tree, isSilencer))
  const wide = 'x'.repeat(WIDEST_COLUMNS)
  const comments = [`// ${wide}`, `  * ${wide}`, `const a = 1 // ${wide}`, `  -- ${wide}`]
  t.same(wideComments(parse('wide.ts', [...comments, `const b = '${wide}'`].join('\n'))), [
    'wide.ts:1',
    'wide.ts:2',
    'wide.ts:3',
    'wide.ts:4',
  ])
  t.same(
    functionsOf(planted.tree).map((node) => [nameOf(node), linesOf(planted.tree, node)]),
    [
      ['(anonymous)', 1],
      ['long', LONGEST_FUNCTION_LINES + 1],
    ],
  )
})

async function readSources(folder: string): Promise<Source[]> {
  const names = await readdir(`${ROOT}${folder}`, { recursive: true })
  const paths = names.filter((name) => /\.(ts|mjs)$/.test(name)).map((name) => `${folder}/${name}`)
  const written = paths.filter((path) => !GENERATED.includes(path)).sort()
  return Promise.all(written.map(async (path) => parse(path, await readFile(`${ROOT}${path}`, 'utf8'))))
}

function parse(path: string, text: string): Source {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) }
}

function all(node: ts.Node): ts.Node[] {
  return [node, ...node.getChildren().flatMap(all)]
}

function holds(tree: ts.SourceFile, what: (node: ts.Node) => boolean): boolean {
  return all(tree).some(what)
}

/** In code or in a comment. 500 is a round number too, and nobody throws it. */
function namesStatus(text: string): boolean {
  const statuses = [...new Set(Object.values<number>(problemStatus))].filter((status) => status !== 500)
  return new RegExp(`\\b(${statuses.join('|')})\\b`).test(text)
}

/** `process.env`, `process['env']` and `const { env } = process`. */
function isProcessEnv(node: ts.Node): boolean {
  const isProcess = (expression: ts.Node | undefined) =>
    expression !== undefined && ts.isIdentifier(expression) && expression.text === 'process'
  if (ts.isPropertyAccessExpression(node)) return isProcess(node.expression) && node.name.text === 'env'
  if (ts.isElementAccessExpression(node))
    return isProcess(node.expression) && node.argumentExpression.getText() === "'env'"
  return ts.isVariableDeclaration(node) && isProcess(node.initializer) && node.name.getText().includes('env')
}

/**
 * `t.only(…)`, `t.skip(…)`, `t.todo(…)` and the options `only: true`, `skip: true`, `todo: true`, which give no reason.
 */
function isSilencer(node: ts.Node): boolean {
  const silencing = (name: ts.Node) => ['only', 'skip', 'todo'].includes(name.getText())
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression))
    return silencing(node.expression.name)
  return ts.isPropertyAssignment(node) && silencing(node.name) && node.initializer.kind === ts.SyntaxKind.TrueKeyword
}

/** Places of lines that are, or end in, a comment that goes too far; those of SQL included. Strings may. */
function wideComments({ path, text }: Source): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...line].length > WIDEST_COLUMNS && /^\s*(\/\/|\/\*|\*|-- )|\s\/\/ /.test(line) ? [`${path}:${index + 1}`] : [],
    )
}

function functionsOf(tree: ts.SourceFile): ts.FunctionLikeDeclaration[] {
  return all(tree).filter(
    (node): node is ts.FunctionLikeDeclaration => ts.isFunctionLike(node) && 'body' in node && node.body !== undefined,
  )
}

/** From the first to the last line of the function itself, its documentation left out. */
function linesOf(tree: ts.SourceFile, node: ts.Node): number {
  const line = (position: number) => tree.getLineAndCharacterOfPosition(position).line
  return line(node.end) - line(node.getStart()) + 1
}

function nameOf({ name }: ts.FunctionLikeDeclaration): string {
  return name?.getText() ?? '(anonymous)'
}

/** `en` or `fr` as a template with values in it, which no language has a say in. */
function isJoinedText(node: ts.Node): boolean {
  return (
    ts.isPropertyAssignment(node) && /^(en|fr)$/.test(node.name.getText()) && ts.isTemplateExpression(node.initializer)
  )
}

const CHECKS = ['refine', 'regex', 'min', 'max', 'length', 'addIssue']

/** A check of a schema with a message of its own that is a plain string. */
function isBareIssue(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false
  if (!CHECKS.includes(node.expression.name.text)) return false
  const given = node.arguments.at(-1)
  if (node.expression.name.text !== 'addIssue' && node.arguments.length < 2) return false
  return (
    given !== undefined && (isText(given) || (ts.isObjectLiteralExpression(given) && given.properties.some(isBare)))
  )
}

function isBare(member: ts.ObjectLiteralElementLike): boolean {
  return ts.isPropertyAssignment(member) && member.name.getText() === 'message' && isText(member.initializer)
}

function isText(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)
}
