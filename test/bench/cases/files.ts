import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { emptySibling } from '../bench-database.ts'
import { type CaseReport, plainReport, type SpecialCase } from '../case.ts'
import { inFolder, median, secondsOf, startServer } from '../measure.ts'
import { prepare } from '../set/load.ts'

/** Files that are imported into an empty, migrated database; the rate is the places or rules of the file a second. */
export const imports: SpecialCase[] = [
  {
    name: 'import_osm',
    run: ({ url, callers, runs }) =>
      inFolder(async (folder) => {
        const file = join(folder, 'pharmacies.geojson')
        const { pharmacies } = callers.places
        await writeFile(file, JSON.stringify({ type: 'FeatureCollection', features: pharmacies.map(featureOf) }))
        return importing('import_osm', ['import', 'osm', file], pharmacies.length, { url, runs, folder })
      }),
  },
  {
    name: 'import_rules',
    run: ({ url, runs }) =>
      inFolder((folder) => importing('import_rules', ['rules', 'load'], null, { url, runs, folder })),
  },
]

/**
 * From the command to ready: the embedded database in an empty folder, and a migrated PostgreSQL with the set in it.
 */
export const starts: SpecialCase[] = [
  {
    name: 'start_cold',
    run: ({ runs }) => starting('start_cold', runs, (folder) => ({ DATA_DIR: folder })),
  },
  {
    name: 'start_warm',
    run: ({ runs, env }) => starting('start_warm', runs, () => env),
  },
]

async function importing(
  name: string,
  command: string[],
  many: number | null,
  { url, runs, folder }: { url: string; runs: number; folder: string },
): Promise<CaseReport> {
  const seconds: number[] = []
  for (let run = 0; run < runs; run++) {
    const empty = await emptySibling(url)
    await prepare(empty.url)
    seconds.push(await secondsOf(command, { DATABASE_URL: empty.url, DATA_DIR: folder, LOG_LEVEL: 'warn' }, 'quiet'))
    await empty.drop()
  }
  const taken = median(seconds)
  return plainReport(name, {
    requestsPerSecond: many && many / taken,
    notes: [
      `${name}: ${taken.toFixed(1)} s${many === null ? '' : ` for ${many} places`}, the command’s own start included`,
    ],
  })
}

async function starting(
  name: string,
  runs: number,
  envOf: (folder: string) => Record<string, string>,
): Promise<CaseReport> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    times.push(
      await inFolder(async (folder) => {
        const server = await startServer(envOf(folder))
        await server.stop()
        return server.readyAfterMs
      }),
    )
  }
  return plainReport(name, {
    p50Ms: median(times),
    notes: [`${name}: ready after ${times.map(Math.round).join(', ')} ms`],
  })
}

function featureOf({
  finess,
  name,
  latitude,
  longitude,
}: {
  finess: string
  name: string
  latitude: number
  longitude: number
}) {
  return {
    type: 'Feature',
    id: `node/${finess}`,
    properties: { amenity: 'pharmacy', name, 'ref:FR:FINESS': finess },
    geometry: { type: 'Point', coordinates: [longitude, latitude] },
  }
}
