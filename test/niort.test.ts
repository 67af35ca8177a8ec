import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { openEmbedded } from '../src/db/embedded.ts'
import { openServerOwner } from '../src/db/server-owner.ts'
import { makeDatabase, serverUrl } from './support/database.ts'
import { inherited } from './support/environment.ts'
import { makeFolder, makeServer } from './support/process.ts'
import { dispensationBody, must, ruleBody } from './support/world.ts'

// Real data under its own licence (© OpenStreetMap contributors, ODbL), kept beside the project and not in it.
const file = fileURLToPath(new URL('../../shared/data/niort-pharmacies.geojson', import.meta.url))
const skip = existsSync(file) ? false : 'niort-pharmacies.geojson is not beside the project'
const NURSE = { id: '99700237045', latitude: 46.3239, longitude: -0.4587 }

t.test(
  'in Niort a nurse finds the ten nearest, reserves at the nearest, collects, and is refused more at the next',
  { skip },
  async (t) => {
    const dataDir = await makeFolder(t)
    const database = serverUrl ? await makeDatabase(1) : undefined
    t.teardown(() => database?.drop())
    const env = { DATA_DIR: dataDir, ...(database?.url && { DATABASE_URL: database.url }) }
    const { stdout } = await promisify(execFile)(process.execPath, ['src/launch.mjs', 'import', 'osm', file], {
      env: { ...inherited, ...env },
    })
    t.match(stdout, /created 31\n.*left out 2\n/s)

    const server = makeServer(t, env, dataDir)
    await server.start()
    const admin = await server.token({ role: 'admin', subject: 'admin' })
    const product = { name: 'Masque chirurgical', kind: 'surgical', packs: [], active: true }
    must(201, await server.call('PUT', '/v1/products/surgical', { token: admin, body: product }))
    const rule = ruleBody({ products: ['surgical'], cap: 18 })
    must(201, await server.call('POST', '/v1/allocation-rules', { token: admin, body: rule }))
    const practice = { latitude: NURSE.latitude, longitude: NURSE.longitude, territory: 'FR-79' }
    const directory = {
      profession: '60',
      familyName: 'Durand',
      givenName: 'Anne',
      otherIds: [],
      practice,
      status: 'active',
    }
    must(201, await server.call('PUT', `/v1/professionals/${NURSE.id}`, { token: admin, body: directory }))
    const all = await pharmaciesOf(file)
    for (const finess of all) {
      const body = { onHand: 100, countedAt: new Date().toISOString() }
      must(
        201,
        await server.call('PUT', `/v1/pharmacies/${finess}/stock/surgical`, { token: await till(finess), body }),
      )
    }

    const nurse = await server.token({ role: 'professional', subject: NURSE.id })
    const search = `/v1/pharmacies?near=${NURSE.latitude},${NURSE.longitude}&product=surgical&limit=10`
    const { body: found } = must(200, await server.call('GET', search, { token: nurse }))
    const [nearest, next] = found.items
    for (const { distanceMetres, finess, name } of found.items) t.comment(`${distanceMetres} m  ${finess}  ${name}`)

    const wanted = { product: 'surgical', quantity: 18 }
    const { body: held } = must(
      201,
      await server.call('POST', '/v1/reservations', { token: nurse, key: true, body: wanted }),
    )
    t.equal(held.pharmacy.finess, nearest.finess)
    t.equal(held.distanceMetres, nearest.distanceMetres)
    const collect = dispensationBody(NURSE.id, 18, { reservations: [{ id: held.id, pickupCode: held.pickupCode }] })
    const handed = await server.call('POST', '/v1/dispensations', {
      token: await till(nearest.finess),
      key: true,
      body: collect,
    })
    t.match(handed, {
      status: 201,
      body: { sequence: 1, remaining: [{ quantity: 0 }], reservations: [{ outcome: 'collected' }] },
    })
    const more = dispensationBody(NURSE.id, 1)
    const refusal = await server.call('POST', '/v1/dispensations', {
      token: await till(next.finess),
      key: true,
      body: more,
    })
    t.match(refusal, { status: 409, body: { code: 'entitlement_exceeded', remaining: [{ quantity: 0 }] } })

    server.signal('SIGTERM')
    t.same(await server.ended(), { code: 0, signal: null })
    const byPostgis = await nearestByPostgis(dataDir, database?.url)
    t.same(
      found.items.map(({ finess, distanceMetres }: { finess: string; distanceMetres: number }) => ({
        finess,
        distanceMetres,
      })),
      byPostgis,
      'the order and the distances are those that PostGIS gives',
    )

    function till(finess: string): Promise<string> {
      return server.token({ role: 'pharmacy', subject: `till-${finess}`, finess: [finess] })
    }
  },
)

async function pharmaciesOf(geojson: string): Promise<string[]> {
  const { features } = JSON.parse(await readFile(geojson, 'utf8'))
  return features.flatMap(({ properties }: { properties: Record<string, string> }) => properties['ref:FR:FINESS'] ?? [])
}

async function nearestByPostgis(dataDir: string, url: string | undefined): Promise<Record<string, unknown>[]> {
  const embedded = url ? undefined : await openEmbedded(dataDir)
  const owner = embedded?.owner ?? (await openServerOwner(url ?? ''))
  try {
    return await owner.rows(
      `select finess, round(distance)::int as "distanceMetres" from (
         select finess, ST_Distance(location, ST_MakePoint($1, $2)::geography) as distance from pharmacies) as p
       order by distance limit 10`,
      [NURSE.longitude, NURSE.latitude],
    )
  } finally {
    await owner.close()
    await embedded?.close()
  }
}
