import t from 'tap'
import type { Role } from '../../src/http/caller.ts'
import { scopes } from '../../src/http/scopes.ts'
import { clientToken, insertClient } from '../support/client-rows.ts'
import { type Document, type FuzzedRequest, requestsOf } from '../support/fuzz/requests.ts'
import { finess, rpps } from '../support/numbers.ts'
import { dereferenced } from '../support/references.ts'
import { nameOf, routeTable } from '../support/route-table.ts'
import { fc } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { superuser } from '../support/superuser.ts'
import { makeWorld, must } from '../support/world.ts'

/** FUZZ=25000 asks for more. */
const REQUESTS = Number(process.env.FUZZ || 1_000)
/** What a refusal may leave: that it was tried, and the log of what had happened before, up to date. */
const RECORDS = ['accesses', 'refusals', 'pickup_code_tries', 'client_assertions', 'event_log', 'event_log_state']
/** What an answer would hold that shows how the service is made. */
const INSIDE =
  /\bnode_modules\b|\.[tj]s:\d+|\bat \S+ \(|\binsert into\b|\bselect .* from\b|\bsyntax error\b|pg_|SQLSTATE|constraint/i

const service = await startService(t)
const world = await makeWorld(service, 1_000_000)
const places = [await world.pharmacy(1), await world.pharmacy(2)]
const nurses = [await world.professional(1), await world.professional(2)]
const [place, nurse] = [places[0] ?? fail(), nurses[0] ?? fail()]
for (const each of places) must(201, await world.count(each, 100_000))
const boxed = { name: 'S', kind: 'mask', packs: [{ gtin: '3401060011444', unitsPerBox: 2 }], active: true }
must(200, await service.call('PUT', '/v1/products/surgical', { token: world.admin, body: boxed }))
const holds = [
  must(201, await world.reserve(nurse.token, { quantity: 1 })),
  must(201, await world.reserve(nurse.token, { quantity: 1 })),
]
const given = must(201, await world.dispense(place, nurse.id, 9)).body
await world.pharmacy(5)
await world.professional(5)
const tokenOf = service.token
const rule = await world.rule({ beneficiaries: [{ profession: '98' }] })
const till = await insertClient(service.db, { role: 'pharmacy', finess: [place.finess] })

/** Everybody who asks, by name. */
const callers: Record<string, { role?: Role; token: string | undefined }> = {
  till: { role: 'pharmacy', token: place.token },
  'till of two': {
    role: 'pharmacy',
    token: await tokenOf({ role: 'pharmacy', subject: 'two', finess: places.map(({ finess: each }) => each) }),
  },
  'till by grant': { role: 'pharmacy', token: await clientToken(service.key, till, [...scopes]) },
  'till without a scope': { role: 'pharmacy', token: await clientToken(service.key, till, ['rules:read']) },
  nurse: { role: 'professional', token: nurse.token },
  'another nurse': { role: 'professional', token: nurses[1]?.token },
  'a nurse unknown here': { role: 'professional', token: await tokenOf({ role: 'professional', subject: rpps(77) }) },
  regulator: { role: 'regulator', token: world.regulator },
  'regulator elsewhere': {
    role: 'regulator',
    token: await tokenOf({ role: 'regulator', subject: 'ars-22', territories: ['FR-22'] }),
  },
  admin: { role: 'admin', token: world.admin },
  nobody: { token: undefined },
  'somebody with a wrong token': { token: 'eyJhbGciOiJub25lIn0.e30.' },
}
const known = {
  pharmacy: [...places.map((each) => each.finess), finess(9)],
  '/pharmacies': places.map((each) => each.finess),
  professional: nurses.map(({ id }) => id),
  '/professionals': nurses.map(({ id }) => id),
  product: ['surgical', 'ffp2', 'ffp9'],
  '/products': ['surgical', 'ffp2'],
  '/stock': ['surgical', 'ffp2', 'ffp9'],
  '/reservations': holds.map(({ body }) => body.id),
  pickupCode: [...holds.map(({ body }) => body.pickupCode), '0000-0000'],
  '/dispensations': [given.id],
  entry: [given.id],
  dispensation: [given.id],
  '/allocation-rules': [rule.id],
  '/clients': [till],
  '/grants': [till],
  territory: ['FR', 'FR-31', 'FR-22'],
  near: ['43.6045,1.4440', '0,0', '90,180'],
  profession: ['60', '98'],
  cursor: ['abc', ''],
  quantity: [1, 2, 10],
  gtin: ['3401060011444', '03401060011444', '4006381333931'],
  boxes: [1, 2],
  onHandBoxes: [0, 50_000],
  scan: ['3401060011444', ']d2010340106001144417280200103\u001d30002', '(01)03401060011444(10)L', '4006381333931'],
  products: [['surgical'], ['surgical', 'ffp2'], ['ffp9']],
  familyName: ['Quatresous'],
  givenName: ['Zéphirine'],
}

/** What admins put in, close, suspend and erase: the others go on. */
const another = await insertClient(service.db, { role: 'pharmacy', finess: [place.finess] })
const known5 = {
  ...known,
  '/pharmacies': [finess(5)],
  '/professionals': [rpps(5)],
  '/products': ['ffp9'],
  '/clients': [another],
}

await noteEffects()
const document = dereferenced(service.app.swagger()) as unknown as Document
const policies = new Map(routeTable(service.app).map((route) => [nameOf(route), route.config?.policy]))
const outcomes = new Map<number, number>()

t.test(`${REQUESTS} requests made of the OpenAPI document`, { timeout: 3_600_000 }, async (t) => {
  const asAnybody = requestsOf(document, { callersOf, known })
  const asAdmin = requestsOf(document, { callersOf: () => fc.constant('admin'), known: known5 })
  const requests = fc.oneof({ weight: 9, arbitrary: asAnybody }, { weight: 1, arbitrary: asAdmin })
  await fc.assert(fc.asyncProperty(requests, isHeld), { numRuns: REQUESTS })
  t.comment(JSON.stringify(Object.fromEntries([...outcomes].sort())))
  t.ok(outcomes.has(200) && outcomes.has(201) && outcomes.has(409), 'some did what was asked')
})

/** Mostly those who may call an operation, now and then anybody. An admin has requests of its own. */
function callersOf(operation: string): fc.Arbitrary<string> {
  const policy = policies.get(operation)
  const names = Object.keys(callers).filter((name) => name !== 'admin')
  const may = names.filter((name) => {
    const { role } = callers[name] ?? {}
    return policy === undefined || policy === 'public' || (role !== undefined && policy[role] !== undefined)
  })
  const anybody = { weight: 1, arbitrary: fc.constantFrom(...names) }
  return may.length === 0 ? anybody.arbitrary : fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...may) }, anybody)
}

/** Sends it, which throws at an answer that the document does not promise, and looks at what it said and did. */
async function isHeld({ method, path, caller, headers, body }: FuzzedRequest): Promise<void> {
  const { status, body: said } = await service.call(method, path, { token: callers[caller]?.token, headers, body })
  outcomes.set(status, (outcomes.get(status) ?? 0) + 1)
  if (status >= 500) throw new Error(`${status}: ${JSON.stringify(said)} ${service.logged.slice(-3)}`)
  const { rows } = await service.db.foreign('delete from effects returning table_name')
  if (status < 400) return
  await isSaidInFrench({ method, path, caller, headers, ...(body !== undefined && { body }) }, said)
  if (INSIDE.test(JSON.stringify(said))) throw new Error(`${status} tells of the inside: ${JSON.stringify(said)}`)
  const effects = (rows as { table_name: string }[])
    .map((row) => row.table_name)
    .filter((name) => !RECORDS.includes(name))
  if (effects.length > 0) throw new Error(`${status} ${JSON.stringify(said)} and changed ${effects}`)
}

const told = new Set<string>()

/** Asks again in French where something new was told, and throws where a part of it is not told in French. */
async function isSaidInFrench({ method, path, caller, headers, body }: FuzzedRequest, english: Problem): Promise<void> {
  const kind = JSON.stringify([english.code, textsOf(english)]).replaceAll(/\d+/g, '0')
  if (english.code === undefined || headers['accept-language'] !== undefined || told.has(kind)) return
  told.add(kind)
  const asked = { token: callers[caller]?.token, headers: { ...headers, 'accept-language': 'fr' }, body }
  const { body: french, headers: given } = await service.call(method, path, asked)
  await service.db.foreign('delete from effects')
  if (french.code !== english.code) return // It was judged anew.
  if (given['content-language'] !== 'fr') throw new Error(`${english.code} names no language`)
  const pairs = textsOf(english).map((text, nth) => [text, textsOf(french)[nth] ?? ''] as const)
  for (const [en, fr] of pairs) {
    const isUntold = fr === '' || fr === en
    if (isUntold || GAP.test(en + fr)) throw new Error(`${english.code} says «${en}», and in French «${fr}»`)
  }
}

interface Problem {
  code?: string
  title: string
  detail: string
  errors?: { message: string }[]
}

/** What stands where a value was forgotten. */
const GAP = /\[object|undefined|NaN|\$\{|=>/

function textsOf({ title, detail, errors = [] }: Problem): string[] {
  return [title, detail, ...errors.map(({ message }) => message)]
}

/** Has every table note what changes in it. Events leave theirs for the log; none must come. */
async function noteEffects(): Promise<void> {
  const { run, end } = await superuser(service)
  await run(`create table effects (table_name text not null);
    grant insert, select, delete on effects to public;
    create function note_effect() returns trigger language plpgsql as $$
      begin insert into public.effects values (tg_table_name); return null; end $$`)
  const { rows } = await run(`select c.relname as name from pg_class c where c.relkind = 'r'
    and c.relnamespace = 'public'::regnamespace and c.relname not in ('effects', 'spatial_ref_sys')`)
  for (const { name } of rows as { name: string }[]) {
    const changes = name === 'events' ? 'insert' : 'insert or update or delete'
    await run(`create trigger zz_note_effect after ${changes} on ${name} for each row execute function note_effect()`)
  }
  await end()
}

function fail(): never {
  throw new Error('the world was not made')
}
