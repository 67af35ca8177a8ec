/**
 * The import rules of the house: domain <- db <- store <- http <- features <- app.
 * `jobs` and `cli` stand on top and call stores, the features' verb files, or the app.
 */
const layers = ['domain', 'db', 'store', 'http', 'features']

/** One rule a layer: it imports nothing that lies above it. */
const layerRules = layers.map((layer, index) => ({
  name: `${layer}-imports-downwards`,
  comment: 'Imports run one way: domain <- db <- store <- http <- features <- app.',
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: [`^src/(${[...layers.slice(index + 1), 'jobs', 'cli'].join('|')})/`, '^src/(app|server)[.]ts$'] },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layerRules,
    {
      name: 'domain-is-pure',
      comment: 'The domain core knows no storage, clock, network or file: hashes are the one thing it takes from Node.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: ['^src/domain/', '^(node:)?crypto$', 'node_modules/(@types/)?(luxon|safe-stable-stringify)/'] },
    },
    {
      name: 'http-speaks-no-sql',
      comment: 'What HTTP needs to know of the database is a function of a store.',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: ['^src/db/(sql|query)[.]ts$', 'node_modules/(drizzle-orm|pg)/'] },
    },
    {
      name: 'the-client-stands-alone',
      comment: 'It runs in other programs: of the service it knows the document alone.',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { path: '^src/', pathNot: '^src/client/' },
    },
    {
      name: 'the-client-runs-in-browsers',
      comment: 'One entry is for Node: the others never load what browsers lack.',
      severity: 'error',
      from: { path: '^src/client/', pathNot: '/offline-node[.]ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'the-client-for-node-is-an-entry',
      comment: 'What it loads, browsers lack.',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { path: '^src/client/offline-node[.]ts$' },
    },
    {
      name: 'keys-stand-beside-the-layers',
      comment: 'Keys are files and mathematics: they know the domain and the configuration, and no storage or HTTP.',
      severity: 'error',
      from: { path: '^src/keys/' },
      to: { path: '^src/', pathNot: ['^src/(keys|domain)/', '^src/(config|data-dir)[.]ts$'] },
    },
    {
      name: 'features-stand-alone',
      comment: 'A feature never imports another one: what two of them need lives in store or http.',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'statuses-belong-to-http',
      comment:
        'A verb says no in the domain’s words, `Refusal` and `Rejection`: HTTP alone has a status for each code.',
      severity: 'error',
      from: { pathNot: ['^src/http/', '^test/'] },
      to: { path: '^src/http/problem[.]ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'routes-belong-to-the-app',
      comment: 'Jobs and commands call verb files. Only the composition root mounts routes.',
      severity: 'error',
      from: { path: '^src/(jobs|cli)/' },
      to: { path: '^src/features/[^/]+/(routes|schema)[.]ts$' },
    },
    {
      name: 'configuration-is-handed-down',
      comment: 'Layers below the app are given the values they need, and may name the type alone.',
      severity: 'error',
      from: { path: '^src/(domain|db|store|http|features)/' },
      to: { path: '^src/config[.]ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that imports nothing and that nobody imports is dead.',
      severity: 'error',
      from: { orphan: true, path: '^src/' },
      to: {},
    },
    {
      name: 'src-knows-no-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'src-uses-production-packages',
      comment: 'The image is built without dev dependencies.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'properties-are-seeded',
      comment: 'fast-check comes by way of the one module that gives it the seed of the run.',
      severity: 'error',
      from: { path: '^test/', pathNot: '^test/support/seed\\.ts$' },
      to: { path: '^(node_modules/)?fast-check' },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
