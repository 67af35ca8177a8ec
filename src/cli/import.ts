import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { openReady } from '../db/open.ts'
import { type ImportReport, importOsm } from '../features/pharmacies/import-osm.ts'
import { pharmaciesFromOsm } from '../features/pharmacies/osm.ts'
import { commandLogger } from '../logger.ts'
import { CommandError } from './errors.ts'
import { readJsonFile } from './json-file.ts'

const osm = defineCommand({
  meta: {
    name: 'osm',
    description:
      'Put in the pharmacies of an OpenStreetMap export (GeoJSON from Overpass). Safe to run again; exits 1 if the file is not such an export',
  },
  args: { file: { type: 'positional', required: true, valueHint: 'FILE.geojson', description: 'the export' } },
  async run({ args: { file } }) {
    const found = await readExport(file)
    const config = loadConfig()
    const db = await openReady(config, commandLogger(config.LOG_LEVEL))
    try {
      const of = found.pharmacies.length
      print(await importOsm(db, found, (done) => console.error(`${done} of ${of} pharmacies`)))
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
    return pharmaciesFromOsm(geojson)
  } catch (error) {
    throw new CommandError(`${file}: ${error instanceof Error ? error.message : error}`)
  }
}

function print({ created, updated, unchanged, leftOut }: ImportReport): void {
  console.log(`created ${created}\nupdated ${updated}\nunchanged ${unchanged}\nleft out ${leftOut.length}`)
  for (const { id, name, reason } of leftOut) console.log(`  ${id}${name === undefined ? '' : ` (${name})`}: ${reason}`)
}
