import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { openReady } from '../db/open.ts'
import { type ImportReport, importOsm } from '../features/pharmacies/import-osm.ts'
import { pharmaciesFromOsm } from '../features/pharmacies/osm.ts'
import { commandLogger } from '../logger.ts'
import { CommandError, discreet } from './errors.ts'
import { readJsonFile } from './json-file.ts'
import { actorOf, operator } from './operator.ts'

const LONGEST_SHOWN = 200

const osm = defineCommand({
  meta: {
    name: 'osm',
    description:
      'Put in the pharmacies of an OpenStreetMap export (GeoJSON from Overpass). Safe to run again; exits 1 if the file is not such an export, or nothing in it can be taken',
  },
  args: {
    file: { type: 'positional', required: true, valueHint: 'FILE.geojson', description: 'the export' },
    operator,
  },
  async run({ args: { file, operator: name } }) {
    const by = actorOf('import osm', name)
    const found = await readExport(file)
    const config = loadConfig()
    const db = await openReady(config, commandLogger(config.LOG_LEVEL))
    try {
      const of = found.pharmacies.length
      const report = await importOsm(db, found, by, (done) => console.error(`${done} of ${of} pharmacies`))
      print(report)
      requireSome(file, report, found.features)
    } catch (error) {
      throw discreet(error)
    } finally {
      await db.close()
    }
  },
})

/** `gomask import`: reference data from files. */
export const importCommand = defineCommand({
  meta: { name: 'import', description: 'Put in reference data from a file' },
  subCommands: { osm },
})

async function readExport(file: string): Promise<ReturnType<typeof pharmaciesFromOsm>> {
  const geojson = await readJsonFile(file)
  try {
    return pharmaciesFromOsm(geojson, new Date().toISOString().slice(0, 10))
  } catch (error) {
    throw new CommandError(`${file}: ${error instanceof Error ? error.message : error}`)
  }
}

function print({ created, updated, unchanged, leftOut }: ImportReport): void {
  console.log(`created ${created}\nupdated ${updated}\nunchanged ${unchanged}\nleft out ${leftOut.length}`)
  for (const { id, name, reason } of leftOut) {
    console.log(`  ${shown(id)}${name === undefined ? '' : ` (${shown(name)})`}: ${shown(reason)}`)
  }
}

function requireSome(file: string, { created, updated, unchanged, leftOut }: ImportReport, features: number): void {
  if (created + updated + unchanged > 0) return
  const why =
    leftOut.length > 0
      ? `each of its ${leftOut.length} places was left out, for the reason given`
      : features > 0
        ? `none of its ${features} features is tagged amenity=pharmacy`
        : 'it has no features'
  throw new CommandError(`${file}: nothing was taken: ${why}`)
}

// One line for each place, whatever the file says: it may be anything, of any length.
function shown(text: string): string {
  const line = text.toWellFormed().replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN).toWellFormed()}…` : line
}
