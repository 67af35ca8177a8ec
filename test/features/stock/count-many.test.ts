import t from 'tap'
import { onServerOnly } from '../../support/database.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { atOnce, range, tally } from '../../support/tally.ts'
import { minutesAgo } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const GTIN = '03401060011444'
const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 100)
const put = (code: string, more: object = {}) =>
  call('PUT', `/v1/products/${code}`, {
    token: world.admin,
    body: { name: code, kind: 'mask', packs: [], active: true, ...more },
  })
must(200, await put('surgical', { packs: [{ gtin: GTIN, unitsPerBox: 50 }] }))
const many = range(20).map((n) => `mask-${n + 10}`)
for (const code of many) must(201, await put(code))

type Place = Awaited<ReturnType<typeof world.pharmacy>>
const count = ({ finess, token }: Place, counts: object[], more: object = {}, key?: string) =>
  call('PUT', `/v1/pharmacies/${finess}/stock`, { token, body: { counts, ...more }, ...(key !== undefined && { key }) })
const sheet = ({ finess, token }: Place, body: string | Buffer, headers: Record<string, string> = {}) =>
  call('PUT', `/v1/pharmacies/${finess}/stock`, { token, body, headers: { 'content-type': 'text/csv', ...headers } })
const stock = async ({ finess, token }: Place): Promise<Record<string, number>> => {
  const { items } = (await call('GET', `/v1/pharmacies/${finess}/stock`, { token })).body
  return Object.fromEntries(items.map((each: { product: string; onHand: number }) => [each.product, each.onHand]))
}
const of = (product: string, onHand: number, countedAt = minutesAgo(0)) => ({ product, onHand, countedAt })

t.test('200: each is counted as one alone is, and one that is refused holds up no other', async (t) => {
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 10, 'ffp2'))
  const held = must(
    201,
    await world.reserve(nurse.token, { product: 'ffp2', quantity: 4, pharmacy: place.finess }),
  ).body
  const { status, body } = await count(place, [
    of('mask-10', 5, minutesAgo(30)),
    of('ffp2', 3),
    { scan: `]d201${GTIN}`, onHandBoxes: 2, onHand: 7, countedAt: minutesAgo(0) },
    of('mask-11', 5, minutesAgo(-10)),
    of('nothing', 5),
    { gtin: '03401060099992', onHandBoxes: 1, countedAt: minutesAgo(0) },
  ])
  t.equal(status, 200)
  t.match(body.items, [
    { index: 0, product: 'mask-10', outcome: 'counted', stock: { product: 'mask-10', onHand: 5, available: 5 } },
    { index: 1, product: 'ffp2', outcome: 'counted', stock: { onHand: 3, held: 0, available: 3 } },
    { index: 2, product: 'surgical', outcome: 'counted', stock: { onHand: 107 } },
    { index: 3, product: 'mask-11', outcome: 'refused', problem: { status: 400, errors: [{ path: 'countedAt' }] } },
    { index: 4, product: 'nothing', outcome: 'refused', problem: { status: 404, code: 'not_found' } },
    { index: 5, product: null, outcome: 'refused', problem: { status: 409, code: 'product_unknown' } },
  ])
  t.strictSame(await stock(place), { ffp2: 3, 'mask-10': 5, surgical: 107 }, 'and no empty shelf is left behind')
  const { body: ended } = await call('GET', `/v1/reservations/${held.id}`, { token: nurse.token })
  t.match(ended, { status: 'cancelled', cancellationReason: 'stock_shortfall' })
  const { body: late } = await count(place, [of('mask-10', 9, minutesAgo(60)), of('ffp2', 8)])
  t.match(late.items, [
    { outcome: 'refused', problem: { status: 409, code: 'stock_count_outdated' } },
    { stock: { onHand: 8 } },
  ])
  await invariantsHold(t, service.db)
})

t.test('409 and others: of all, one that is refused is the answer, and nothing is changed', async (t) => {
  const place = await world.pharmacy(2)
  const all = (...counts: object[]) => count(place, [of('mask-12', 1), ...counts], { mode: 'all' })
  must(201, await world.count(place, 10))
  const outdated = await all(of('surgical', 5, minutesAgo(60)))
  t.match(outdated, { status: 409, body: { code: 'stock_count_outdated', index: 1 } })
  t.match(await all(of('surgical', 5, minutesAgo(-10))), {
    status: 400,
    body: { errors: [{ path: 'counts[1].countedAt' }] },
  })
  t.match(await all(of('nothing', 5)), { status: 404, body: { code: 'not_found', detail: /counts\[1\]/ } })
  const unknown = { gtin: '03401060099992', onHandBoxes: 1, countedAt: minutesAgo(0) }
  t.match(await all(unknown), { status: 409, body: { code: 'product_unknown', detail: /counts\[1\]\.gtin/ } })
  t.strictSame(await stock(place), { surgical: 10 })
  t.match(await all(of('surgical', 5)), {
    status: 200,
    body: { items: [{ index: 0 }, { index: 1, stock: { onHand: 5 } }] },
  })
  t.strictSame(await stock(place), { 'mask-12': 1, surgical: 5 })
})

t.test('400: a malformed count, or two of one product, is named, and nothing is counted', async (t) => {
  const place = await world.pharmacy(3)
  const twice = await count(place, [of('surgical', 5), { gtin: GTIN, onHandBoxes: 1, countedAt: minutesAgo(0) }])
  t.match(twice, { status: 400, body: { errors: [{ path: 'counts[1]', message: /counts\[0\]/ }] } })
  for (const [wrong, path] of [
    [{ onHand: -1 }, 'counts[1].onHand'],
    [{ onHand: 1.5 }, 'counts[1].onHand'],
    [{ scan: GTIN }, 'counts[1].scan'],
    [{ countedAt: '2026-11-20' }, 'counts[1].countedAt'],
    [{ lot: 'A' }, 'counts[1]'],
  ] as const) {
    const { status, body } = await count(place, [of('ffp2', 1), { ...of('surgical', 5), ...wrong }])
    t.match({ status, body }, { status: 400, body: { errors: [{ path }] } })
  }
  t.match(await count(place, []), { status: 400, body: { errors: [{ path: 'counts' }] } })
  const most = await count(
    place,
    range(501).map((n) => of(`m${n}`, 1)),
  )
  t.match(most, { status: 400, body: { errors: [{ path: 'counts', message: /at most 500/ }] } })
  t.strictSame(await stock(place), {})
  const { status, body } = await count(
    place,
    range(500).map((n) => of(n < 20 ? (many[n] ?? '') : `m${n}`, n)),
  )
  t.equal(status, 200, 'five hundred go in')
  t.equal(body.items.filter((each: { outcome: string }) => each.outcome === 'counted').length, 20)
})

t.test('200: a file of a spreadsheet is understood', async (t) => {
  const place = await world.pharmacy(4)
  const time = minutesAgo(5)
  const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
  for (const [name, file] of [
    ['commas', `product,onHand,countedAt\nsurgical,1234,${time}\n`],
    ['semicolons, a byte order mark, CRLF', `\ufeffproduct;onHand;countedAt\r\nsurgical;1 234;${time}\r\n`],
    ['tabs in UTF-16', utf16(`product\tonHand\tcountedAt\r\nsurgical\t1234\t${time}\r\n`)],
    ['sep=', `sep=|\r\nProduct|ONHAND|countedAt\r\nsurgical|1234,00|${time}\r\n`],
    ['Windows-1252', Buffer.from(`product;onHand;countedAt\r\nsurgical;1\u00a0234;${time}\r\n`, 'latin1')],
    ['quoted cells', `"product","countedAt","onHand"\n"surgical","${time}","1234"\n`],
    ['empty columns and rows', `product;onHand;countedAt;;\n\nsurgical;1234;${time};;\n;;;;\n   \n\n`],
    ['as text', `product;onHand;countedAt\n="surgical";="1234";"=""${time}"""\n`],
    ['a GTIN as text', `gtin;onHandBoxes;onHand;countedAt\n="${GTIN}";24;34;${time}\n`],
    ['old line ends', `product;onHand;countedAt\rsurgical;1234;${time}\r`],
  ] as const) {
    must(200, await count(place, [of('surgical', 0, time)]))
    const { status, body } = await sheet(place, file)
    t.match(
      { status, body },
      { status: 200, body: { items: [{ index: 0, outcome: 'counted', stock: { onHand: 1234 } }] } },
      name,
    )
  }
})

t.test('200: a time without its zone is the pharmacy’s', async (t) => {
  const place = await world.pharmacy(5, { territory: 'FR-974' })
  const { body } = await sheet(place, 'product;onHand;countedAt\nffp2;5;25/11/2026 04:00\n')
  t.match(body.items, [{ outcome: 'counted' }])
  const { items } = (await call('GET', `/v1/pharmacies/${place.finess}/stock-movements`, { token: place.token })).body
  t.equal(items[0].occurredAt, '2026-11-25T00:00:00.000Z')
})

t.test('400: what can be read in two ways, or in none, is refused, and the line is named', async (t) => {
  const place = await world.pharmacy(6)
  const [header, time] = ['product;onHand;countedAt', minutesAgo(5)]
  for (const [file, path, says] of [
    [`${header}\nffp2;1;${time}\nsurgical;1.234;${time}\n`, 'onHand', /^line 3: must be a whole number/],
    [`sep=;\n${header}\nffp2;1;${time}\nsurgical;1,5;${time}\n`, 'onHand', /^line 4: /],
    [`${header}\r\n\r\nsurgical;-1;${time}\r\n`, 'onHand', /^line 3: must be at least 0/],
    [`${header}\nsurgical;1;03/04/2026 10:00\n`, 'countedAt', /^line 2: can be read as more than one time/],
    [`${header}\nsurgical;1;29/11/2026\n`, 'countedAt', /^line 2: must be a day and time/],
    [`${header}\nsurgical;;${time}\n`, 'onHand', /^line 2: required/],
    [`gtin;onHandBoxes;countedAt\n3,40106E+12;1;${time}\n`, 'gtin', /^line 2: must be a GTIN/],
    [`${header}\nsurgical;1;${time};x\n`, 'body', /^line 2: has more cells/],
    [`${header}\n"surgical;1;${time}\n`, 'body', /^line \d: is wrongly quoted/],
    [`${header};onhand\nsurgical;1;${time};2\n`, 'onHand', /^line 1: is the name of two columns/],
    [`product;stock;countedAt\nsurgical;1;${time}\n`, 'body', /^line 1: unknown field stock/],
    ['product,onHand;countedAt\n', 'body', /separated by more than one/],
    ['', 'body', /header/],
    [`${header}\n`, 'counts', /empty/],
    [`${header}\nsurg\0ical;1;${time}\n`, 'body', /U\+0000/],
  ] as const) {
    const { status, body } = await sheet(place, file)
    t.match({ status, errors: body.errors }, { status: 400, errors: [{ path, message: says }] }, JSON.stringify(file))
  }
  const french = await sheet(place, `${header}\nsurgical;1.234;${time}\n`, { 'accept-language': 'fr' })
  t.match(french.body.errors, [{ message: /^ligne 2\s: doit être un nombre entier/ }])
  t.strictSame(await stock(place), {})
})

t.test('many at once in opposite orders block one another nowhere', { skip: onServerOnly }, async (t) => {
  const place = await world.pharmacy(7)
  const answers = await atOnce(range(24), (n) =>
    count(
      place,
      (n % 2 ? many : many.toReversed()).map((code) => of(code, n)),
      { mode: n % 3 ? 'each' : 'all' },
    ),
  )
  t.same(tally(answers.map((each) => (each.status === 409 ? { ...each, status: 200 } : each))), { 200: 24 })
  const levels = Object.values(await stock(place))
  t.equal(levels.length, many.length)
  await invariantsHold(t, service.db)
})

const place = await world.pharmacy(8)
const path = `/v1/pharmacies/${place.finess}/stock`
await testWrite(t, service, {
  caller: { role: 'pharmacy', subject: 'till', finess: [place.finess] },
  method: 'PUT',
  path,
  body: { counts: [of('surgical', 10)] },
  other: { path, body: { counts: [of('surgical', 11)] } },
  status: 200,
})

t.test('a file and the JSON that it stands for are the same request', async (t) => {
  const [time, key] = [minutesAgo(0), seededUuid()]
  must(200, await count(place, [of('ffp2', 3, time)], {}, key))
  const again = await sheet(place, `product,onHand,countedAt\nffp2,3,${time}\n`, { 'idempotency-key': key })
  t.match(again, { status: 200, headers: { 'idempotency-replayed': 'true' } })
})
