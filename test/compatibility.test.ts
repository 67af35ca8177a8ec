import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { breaksBetween, type Document } from './support/breaks.ts'
import { startWithoutDatabase } from './support/no-database.ts'
import { dereferenced } from './support/references.ts'

const LAST_RELEASE = new URL('data/openapi-0.4.0.json.gz', import.meta.url)

/** What differs from the last release on purpose, or only as it is written, and why. */
const INTENDED: [what: RegExp, why: string][] = [
  [/^GET \/metrics: gone$/, 'metrics have left the public port'],
  [/^GET \/readyz 200\.status: gone$/, '`ready` and `checks` say it'],
  [/ header (x-operator|idempotency-key): (minLength|maxLength) is narrower$/, 'was said in words, and held to'],
  [/ header (x-operator|idempotency-key): has another pattern$/, 'was said in words, and held to'],
  [/ header idempotency-key: now required$/, 'was said in words, and held to'],
  [
    /[ .](finess|pharmacy|counterparty|professional|id|otherIds\[\]|pickupCode|gtin): has another pattern$/,
    'was held to',
  ],
  [/ query (cursor|groupBy): has another pattern$/, 'was held to'],
  [
    /[ .](product|products\[\]|code|id|client|secret|entry): maxLength is narrower$/,
    'its pattern lets it be no longer',
  ],
  [/[ .](territory|territories\[\]|professions?(\[\])?): maxLength is narrower$/, 'its pattern lets it be no longer'],
  [/( query (from|to)|bestBefore): maxLength is narrower$/, 'a day is no longer'],
  [/ request\.scopes: maxItems is narrower$/, 'there are no more, and each is named once'],
  [/ request: is now object, was null$/, 'null is taken as before; the document offers the way that is meant'],
  [/^GET \/v1\/pharmacies query near: has another pattern$/, 'takes more notations'],
  [/^GET \/v1\/audit\/dispensations query flag: takes fewer values$/, 'others are taken, and find nothing'],
  [/^POST \/oauth\/token request\.grant_type: takes fewer values$/, 'others were refused'],
  [/reservations.*\.distanceMetres: may be left out now$/, 'a pharmacy no longer sees how far somebody came'],
  [/decision\.(rule|window): is now null, was object$/, 'off line, somebody may be served whom no rule names'],
  [/data 200\.records\[\]\.profession: is now null, was string$/, 'nor does the directory know them all'],
  [/^GET \/v1\/audit\/anomalies 200\.items\[\]\.pharmacy: is now null, was string$/, 'some are about people'],
]

const older = JSON.parse(gunzipSync(await readFile(LAST_RELEASE)).toString()) as Document
const newer = dereferenced((await startWithoutDatabase(t)).swagger()) as unknown as Document

t.test('nothing breaks those who wrote their programs by the last release', async (t) => {
  const breaks = breaksBetween(older, newer)
  t.same(
    breaks.filter((each) => !INTENDED.some(([what]) => what.test(each))),
    [],
  )
  t.same(
    INTENDED.filter(([what]) => !breaks.some((each) => what.test(each))),
    [],
    'and all that is intended is so',
  )
})

/** Changes that would break somebody, each with what is said of it. */
const PLANTED: [said: string, plant: (document: Document) => void][] = [
  ['GET /v1/products: gone', ({ paths }) => delete paths['/v1/products']],
  ['GET /v1/products query limit: gone', ({ paths }) => paths['/v1/products']?.get?.parameters?.shift()],
  [
    'POST /v1/dispensations request.lines: maxItems is narrower',
    (document) => Object.assign(bodyOf(document).properties.lines, { maxItems: 1 }),
  ],
  [
    'POST /v1/dispensations request.identityCheck.method: takes fewer values',
    (document) => bodyOf(document).properties.identityCheck.properties.method.enum.pop(),
  ],
  ['POST /v1/dispensations request.override: now required', (document) => bodyOf(document).required.push('override')],
  ['POST /v1/dispensations request.override: gone', (document) => delete bodyOf(document).properties.override],
  [
    'POST /v1/dispensations request.releaseHolds: is now string, was boolean',
    (document) => Object.assign(bodyOf(document).properties.releaseHolds, { type: 'string' }),
  ],
  [
    'GET /v1/pharmacies/{finess} 200.stock: gone',
    ({ components }) => delete components.schemas.Pharmacy?.properties?.stock,
  ],
  [
    'GET /v1/pharmacies/{finess} 200.name: may be left out now',
    ({ components }) => components.schemas.Pharmacy?.required?.splice(1, 1),
  ],
  [
    'GET /v1/pharmacies/{finess} 200.latitude: is now string, was number',
    ({ components }) => Object.assign(components.schemas.Pharmacy?.properties?.latitude ?? {}, { type: 'string' }),
  ],
  ['POST /v1/dispensations 201: gone', ({ paths }) => delete paths['/v1/dispensations']?.post?.responses['201']],
]

// biome-ignore lint/suspicious/noExplicitAny: a schema is changed as somebody might by mistake.
function bodyOf({ components }: Document): any {
  return components.schemas.DispenseRequest
}

for (const [said, plant] of PLANTED) {
  t.test(`it would be found: ${said}`, async (t) => {
    const changed = structuredClone(newer)
    plant(changed)
    t.ok(breaksBetween(newer, changed).includes(said), breaksBetween(newer, changed).join('; ').slice(0, 500))
  })
}
