import t from 'tap'
import { letExpire } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 40))

const pharmacy = `/v1/pharmacies/${place.finess}`
const stock = `${pharmacy}/stock`
const token = place.token
const ask = (path: string, known?: string, bearer: string | undefined = token) =>
  call('GET', path, { token: bearer, ...(known !== undefined && { headers: { 'if-none-match': known } }) })
const tagOf = async (path: string) => String(must(200, await ask(path)).headers.etag)

async function isKnown(path: string, tag: string): Promise<boolean> {
  const { status, body, headers } = await ask(path, tag)
  if (status === 304) t.match([body, headers.etag, headers['content-length']], ['', tag, undefined])
  return status === 304
}

t.test('304 without a body to whoever has the version, by itself, in a list, or by a star', async (t) => {
  for (const [path, kept] of [
    [stock, 'private, no-cache'],
    [pharmacy, 'private, no-cache'],
    ['/v1/products', undefined],
    ['/v1/allocation-rules', 'private, no-cache'],
  ] as const) {
    const { headers } = must(200, await ask(path))
    const tag = String(headers.etag)
    t.match([tag, headers['cache-control']], [/^W\/"[\w-]{22}"$/, kept], path)
    for (const known of [tag, tag.slice(2), `"other", ${tag}`, '*']) {
      const answer = await ask(path, known)
      t.match(answer, { status: 304, body: '', headers: { etag: tag, 'cache-control': kept } }, `${path} ${known}`)
    }
    for (const other of ['"other"', tag.replaceAll('"', ''), '', 'W/"']) t.equal((await ask(path, other)).status, 200)
  }
})

t.test('whoever may not read is told so, whatever it has', async (t) => {
  const tag = await tagOf(stock)
  t.equal((await call('GET', stock, { headers: { 'if-none-match': tag } })).status, 401)
  t.equal((await ask(stock, tag, nurse.token)).status, 403)
  const bretagne = await service.token({ role: 'regulator', subject: 'ars-bre', territories: ['FR-BRE'] })
  const outside = await ask(stock, '*', bretagne)
  t.match([outside.status, outside.headers.etag, outside.headers['cache-control']], [404, undefined, 'no-store'])
})

t.test('stock: each change has a version of its own, and so has a hold that runs out while nobody looks', async (t) => {
  const seen = new Set([`${stock} ${await tagOf(stock)}`, `${pharmacy} ${await tagOf(pharmacy)}`])
  const changed = async (what: string) => {
    for (const path of [stock, pharmacy]) {
      const tag = await tagOf(path)
      t.notOk(seen.has(`${path} ${tag}`), `${what}: ${path}`)
      t.ok(await isKnown(path, tag), `${what}: ${path} again`)
      seen.add(`${path} ${tag}`)
    }
  }
  must(201, await world.count(place, 5, 'ffp2'))
  await changed('a further product')
  const { body: hold } = must(201, await world.reserve(nurse.token, { quantity: 3, pharmacy: place.finess }))
  await changed('a reservation')
  await letExpire(db, hold.id)
  await changed('its end')
  const delivery = { product: 'surgical', kind: 'delivery', quantity: 1, occurredAt: minutesAgo(0) }
  must(201, await call('POST', `${stock}-movements`, { token, key: true, body: delivery }))
  await changed('a delivery')
  const tag = await tagOf(pharmacy)
  const found = (await ask(pharmacy)).body
  must(200, await call('PUT', pharmacy, { token: world.admin, body: { ...found, phone: '+33 5 61 00 00 00' } }))
  t.notOk(await isKnown(pharmacy, tag), 'another telephone')
})

t.test('products and rules: those of the page, packs too, and rules that come and go', async (t) => {
  const [first, rest] = ['/v1/products?limit=1', '/v1/products']
  const tags = [await tagOf(first), await tagOf(rest)] as const
  const body = { name: 'Masque', kind: 'mask', packs: [], active: true }
  must(200, await call('PUT', '/v1/products/surgical', { token: world.admin, body }))
  t.notOk(await isKnown(rest, tags[1]), 'a product was put in again')
  const before = must(200, await ask('/v1/allocation-rules')).body
  const rules = await tagOf('/v1/allocation-rules')
  const { id } = await world.rule({ beneficiaries: [{ profession: '10' }] })
  t.notOk(await isKnown('/v1/allocation-rules', rules), 'a further rule')
  const two = await tagOf('/v1/allocation-rules')
  must(200, await call('POST', `/v1/allocation-rules/${id}/withdrawal`, { token: world.admin, body: {} }))
  t.notOk(await isKnown('/v1/allocation-rules', two), 'one withdrawn')
  t.ok(await isKnown('/v1/allocation-rules', rules), 'and what was there before it')
  t.same((await ask('/v1/allocation-rules')).body, before)
})
