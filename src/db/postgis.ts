import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Extension } from '@electric-sql/pglite'
import { postgis } from '@electric-sql/pglite-postgis'
import { create, extract } from 'tar'
import { makeWhole } from './draft.ts'

const UNUSED = /raster|topology|tiger|unpackaged|share\/postgresql\/contrib/

/**
 * PostGIS for the embedded database, without rasters, topology and geocoder. PGlite compiles every library of an
 * extension's bundle each time it opens, which took half of that time. The smaller bundle is made once, in `dataDir`.
 */
export function postgisAlone(dataDir: string): Extension {
  return {
    name: postgis.name,
    async setup(pglite, options) {
      const found = await postgis.setup(pglite, options)
      return found.bundlePath ? { ...found, bundlePath: await withoutUnused(found.bundlePath, dataDir) } : found
    },
  }
}

async function withoutUnused(whole: URL, dataDir: string): Promise<URL> {
  // The size tells versions of the bundle apart.
  const bundle = join(dataDir, `postgis-${(await stat(whole)).size}.tar.gz`)
  await makeWhole(bundle, async (draft) => {
    const made = join(draft, 'bundle.tar.gz')
    await extract({ file: fileURLToPath(whole), cwd: draft, filter: (path) => !UNUSED.test(path) })
    await create({ file: made, cwd: draft, gzip: { level: 1 } }, ['lib', 'share'])
    return made
  })
  return pathToFileURL(bundle)
}
