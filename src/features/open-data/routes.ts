import Negotiator from 'negotiator'
import { iso } from '../../domain/instant.ts'
import { varyBy } from '../../http/language.ts'
import type { App, Deps } from '../../http/service.ts'
import { knownHeaders } from '../../http/unless-known.ts'
import { type FileType, fileTypes } from './files.ts'
import { koreanRoutes } from './korean-routes.ts'
import { type Answer, open, openTo, otherwise } from './open-route.ts'
import { manifest, files as schemas } from './schema.ts'

const ABOUT =
  'Each active pharmacy, and for each product a band: `plenty` (100 and more), `some` (30 to 99), `few` (2 to 29), `empty`, or `unknown` where nothing was declared. Never how many. Available once the operator has set OPEN_DATA.'

/** What everybody may know, where the operator opens it. */
export async function openDataRoutes(app: App, deps: Deps): Promise<void> {
  const answer = openTo(deps)
  manifestRoute(app, answer, deps)
  for (const type of Object.keys(fileTypes) as FileType[]) fileRoute(app, answer, type)
  koreanRoutes(app, answer)
}

function manifestRoute(app: App, answer: Answer, { config: { PUBLIC_URL = '' } }: Deps): void {
  app.get(
    '/open-data/manifest.json',
    {
      ...open,
      schema: {
        operationId: 'readOpenDataManifest',
        tags: ['open data'],
        summary: 'Which files there are, and how old they are',
        description: 'Available once the operator has set OPEN_DATA.',
        headers: knownHeaders,
        response: { 200: manifest, ...otherwise },
      },
    },
    (request, reply) =>
      answer(request, reply, {
        version: ({ at, files }) => `${at} ${files.ndjson.version}`,
        read: ({ at }) => ({
          transactionTime: iso(at),
          output: Object.entries(fileTypes).map(([name, type]) => ({
            type,
            url: `${PUBLIC_URL}/open-data/stock.${name}`,
          })),
        }),
      }),
  )
}

function fileRoute(app: App, answer: Answer, type: FileType): void {
  const content = { [fileTypes[type]]: { schema: schemas[type] } }
  app.get(
    `/open-data/stock.${type}`,
    {
      ...open,
      schema: {
        operationId: `readOpenStock${type.charAt(0).toUpperCase()}${type.slice(1)}`,
        tags: ['open data'],
        summary: `The bands of all pharmacies as ${type === 'geojson' ? 'GeoJSON' : type.toUpperCase()}`,
        description: ABOUT,
        headers: knownHeaders,
        response: { 200: { description: 'The whole country', content }, ...otherwise },
      },
    },
    (request, reply) =>
      answer(request, reply, {
        version: ({ files }) => files[type].version,
        read: ({ files }) => {
          // Compressed once, when it was written.
          const isSmall = new Negotiator(request).encodings(['gzip', 'identity'])[0] === 'gzip'
          varyBy(reply, 'Accept-Encoding')
          if (isSmall) reply.header('content-encoding', 'gzip')
          reply.type(`${fileTypes[type]}; charset=utf-8`)
          return (isSmall ? files[type].gzipped : files[type].plain) as never
        },
      }),
  )
}
