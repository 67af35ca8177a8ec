import t from 'tap'
import { sql } from '../../../src/db/sql.ts'
import { readEntitlementFacts } from '../../../src/store/entitlement-facts.ts'
import { adeli, rpps } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 10)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1000))

const put = async (id: string, otherIds: string[] = []) => {
  const body = { ...someone, otherIds }
  return (await call('PUT', `/v1/professionals/${id}`, { token: world.admin, body })).body
}
const someone = {
  profession: '60',
  familyName: 'Martin',
  givenName: 'Camille',
  practice: { ...CENTRE, territory: 'FR-31' },
  status: 'active',
}

const factsOf = (identifier: string) =>
  readEntitlementFacts(db, { identifier, occurredAt: null, pharmacy: place.finess })

/** What a number has received and holds, and who it is to the history. */
async function usage(identifier: string): Promise<{ person: string; received: number; held: number }> {
  const facts = await factsOf(identifier)
  const sum = (lines: { quantity: number }[] = []) => lines.reduce((total, { quantity }) => total + quantity, 0)
  return { person: facts?.person.id ?? 'nobody', received: sum(facts?.receipts), held: sum(facts?.holds) }
}

interface Link {
  person: string
  seq: number
  refersTo: string
  chained: boolean
}

/** The link entries of some chains, as their canonical bytes have them. */
async function links(people: string[]): Promise<Link[]> {
  const { rows } = (await db.execute(sql`
    select e.person_id as person, e.seq, convert_from(e.canonical, 'utf8')::jsonb ->> 13 as "refersTo",
      e.previous_hash is not distinct from (select entry_hash from ledger_entries p
        where p.person_id = e.person_id and p.seq = e.seq - 1)
      and e.entry_hash = (select entry_hash from ledger_heads h where h.person_id = e.person_id) as chained
    from ledger_entries e where e.kind = 'link' order by e.id`)) as unknown as { rows: Link[] }
  return rows.filter(({ person }) => people.includes(person))
}

t.test('two persons that turn out to be one share one entitlement, through either number', async (t) => {
  await put(adeli(1))
  await put(rpps(1))
  must(201, await world.dispense(place, adeli(1), 4))
  must(201, await world.dispense(place, rpps(1), 3))
  const [older, root] = [await usage(adeli(1)), await usage(rpps(1))]
  t.match([older.received, root.received], [4, 3])

  t.strictSame((await put(rpps(1), [adeli(1)])).otherIds, [adeli(1)])
  for (const number of [adeli(1), rpps(1)]) t.strictSame(await usage(number), { ...root, received: 7 })
  t.match(await world.dispense(place, adeli(1), 4), { status: 409, body: { code: 'entitlement_exceeded' } })
  must(201, await world.dispense(place, adeli(1), 3))
  t.strictSame(await usage(rpps(1)), { ...root, received: 10 })
})

t.test(
  'where both had a history, a link in each chain names the other, and later entries go to the RPPS person',
  async (t) => {
    const chains = (await db.execute(sql`
    select p.id, i.identifier, (select seq from ledger_heads where person_id = p.id) as seq
    from persons p join person_identifiers i on i.person_id = p.id
    where i.identifier in (${adeli(1)}, ${rpps(1)}) order by length(i.identifier)`)) as unknown as {
      rows: { id: string; seq: number }[]
    }
    const [older, root] = chains.rows
    t.match([older?.seq, root?.seq], [2, 3])
    const found = await links([older?.id ?? '', root?.id ?? ''])
    t.match(
      found.find(({ person }) => person === older?.id),
      { seq: 2, refersTo: root?.id, chained: true },
    )
    t.match(
      found.find(({ person }) => person === root?.id),
      { seq: 2, refersTo: older?.id },
    )
  },
)

t.test('where only one had a history a link in each chain says whose it is too', async (t) => {
  await put(adeli(2))
  await put(rpps(2))
  must(201, await world.dispense(place, adeli(2), 4))
  await put(adeli(2), [rpps(2)])
  t.match(await usage(rpps(2)), { received: 4 })
  const root = (await usage(rpps(2))).person
  const [link, ...others] = await links([root])
  t.match(link, { seq: 1, chained: true })
  t.match(await links([link?.refersTo ?? '']), [{ seq: 2, refersTo: root, chained: true }])
  t.strictSame(others, [])
})

t.test('the person with the RPPS number continues, though the path names the ADELI number', async (t) => {
  await put(rpps(3))
  const root = await usage(rpps(3))
  await put(adeli(3))
  await put(adeli(3), [rpps(3)])
  t.equal((await usage(adeli(3))).person, root.person)
})

t.test('an RPPS number that is new joins the person of the older number: no second history begins', async (t) => {
  await put(adeli(4))
  must(201, await world.dispense(place, adeli(4), 4))
  const before = await usage(adeli(4))
  await put(rpps(4), [adeli(4)])
  t.strictSame(await usage(rpps(4)), before)
})

t.test(
  'who was merged before is found in one step after the next merge, with all that was received and is held',
  async (t) => {
    for (const number of [adeli(5), adeli(6), rpps(5)]) {
      await put(number)
      must(201, await world.dispense(place, number, 2))
    }
    const holder = await service.token({ role: 'professional', subject: adeli(6) })
    must(201, await world.reserve(holder, { quantity: 1, pharmacy: place.finess }))
    await put(adeli(5), [adeli(6)])
    await put(rpps(5), [adeli(5)])
    const root = await usage(rpps(5))
    for (const number of [adeli(5), adeli(6), rpps(5)]) {
      t.strictSame(await usage(number), { person: root.person, received: 6, held: 1 })
    }
    const deep = await db.execute(sql`
    select from persons one join persons next on next.id = one.merged_into where next.merged_into is not null`)
    t.equal((deep as unknown as { rows: unknown[] }).rows.length, 0)
    t.match(await put(adeli(6)), { otherIds: [adeli(5), rpps(5)] })
  },
)

t.test('a merge that fails leaves both persons as they were', async (t) => {
  await put(adeli(7))
  await put(rpps(7))
  const before = [await usage(adeli(7)), await usage(rpps(7))]
  const body = { ...someone, otherIds: [adeli(7)], practice: { ...CENTRE, territory: 'FR-99' } }
  must(400, await call('PUT', `/v1/professionals/${rpps(7)}`, { token: world.admin, body }))
  t.strictSame([await usage(adeli(7)), await usage(rpps(7))], before)
})
