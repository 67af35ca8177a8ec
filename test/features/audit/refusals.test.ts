import t from 'tap'
import { rpps } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { TIME } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t, { OVERRIDES_PER_WEEK: 0, MAX_LIVE_HOLDS: 1 })
const { call } = service
const world = await makeWorld(service, null)
const [place, brest] = [await world.pharmacy(1), await world.pharmacy(2, { territory: 'FR-29' })]
for (const each of [place, brest]) must(201, await world.count(each, 500))
must(201, await world.count(place, 500, 'ffp2'))
const rule = (await world.rule({ cap: 20, subCaps: [{ product: 'ffp2', cap: 6 }] })) as Record<string, unknown>

type Item = Record<string, unknown> & { id: string; code: string; professional: string | null }

const surgical = (quantity: number) => ({ product: 'surgical', quantity })
const ffp2 = (quantity: number) => ({ product: 'ffp2', quantity })
const audit = (token: string | undefined, query = '') => call('GET', `/v1/audit/refusals${query}`, { token })
const items = async (query: string, token = world.regulator): Promise<Item[]> =>
  must(200, await audit(token, query)).body.items
const regulator = (subject: string, territories: string[], professions: string[] = []) =>
  service.token({ role: 'regulator', subject, territories, professions })
const reverse = (id: string, lines: object[]) =>
  call('POST', `/v1/dispensations/${id}/reversal`, { token: place.token, key: true, body: { kind: 'returned', lines } })

/** The one refusal that a professional was given by now, as a regulator reads it. */
async function only(professional: string): Promise<Item> {
  const [found, ...others] = await items(`?professional=${professional}`)
  if (!found || others.length > 0) throw new Error('not one refusal')
  return found
}

const decision = { rule: { id: rule.id, source: rule.source, publishedAt: rule.publishedAt }, window: { start: TIME } }
const figures = (cap: number, received: number, held: number, remaining: number) => ({
  decision: { ...decision, cap, received, held, remaining },
})

t.test(
  'above the entitlement: the line, the rule and its version, the window and the figures as they were',
  async (t) => {
    const nurse = await world.professional(1)
    must(201, await world.dispense(place, nurse.id, 0, { lines: [ffp2(5)] }))
    const refused = await world.dispense(place, nurse.id, 0, { lines: [surgical(3), ffp2(2)] })
    t.match(refused, { status: 409, body: { code: 'entitlement_exceeded' } })
    must(201, await world.dispense(place, nurse.id, 0, { lines: [surgical(10)] }))
    const kept = await only(nurse.id)
    const asked = { verb: 'dispensation', code: 'entitlement_exceeded', product: 'ffp2', quantity: 2 }
    t.match(kept, { ...asked, ...figures(6, 5, 0, 1), pharmacy: place.finess, profession: '60', available: null })
    t.strictSame((kept.decision as typeof refused.body).window, refused.body.window)
  },
)

t.test('held, too many holds, and overrides used up: what was received and held then', async (t) => {
  const holder = await world.professional(2)
  must(201, await world.reserve(holder.token, { quantity: 15, pharmacy: place.finess }))
  t.match(await world.dispense(place, holder.id, 8), { body: { code: 'entitlement_held' } })
  t.match(await only(holder.id), { code: 'entitlement_held', ...surgical(8), ...figures(20, 0, 15, 5) })
  t.match(await world.dispense(place, holder.id, 21), { body: { code: 'entitlement_exceeded' } })
  const [newest] = await items(`?professional=${holder.id}`)
  t.match(newest, { ...surgical(21), ...figures(20, 0, 0, 20) }, 'no hold stood in its way')
  t.match(await world.reserve(holder.token, { quantity: 1 }), { body: { code: 'too_many_holds' } })
  const [last] = await items(`?professional=${holder.id}`)
  t.match(last, { verb: 'reservation', code: 'too_many_holds', pharmacy: null, ...figures(20, 0, 15, 5) })
  const nurse = await world.professional(3)
  const override = { reasonCode: 'emergency' }
  t.match(await world.dispense(place, nurse.id, 25, { override }), { body: { code: 'override_not_allowed' } })
  t.match(await only(nurse.id), { code: 'override_not_allowed', ...surgical(25), ...figures(20, 0, 0, 20) })
})

t.test('without stock: what there was to give; without a rule: the line alone', async (t) => {
  const [small, nurse] = [await world.pharmacy(3), await world.professional(4)]
  must(201, await world.count(small, 4))
  const refused = { product: 'surgical', decision: null }
  t.match(await world.dispense(small, nurse.id, 0, { lines: [surgical(3), surgical(2)] }), { status: 409 })
  t.match(await world.reserve(nurse.token, { quantity: 6, pharmacy: small.finess }), { status: 409 })
  t.match(
    await world.reserve(nurse.token, { quantity: 7, maxDistanceMetres: 1, near: { latitude: 0, longitude: 0 } }),
    {
      status: 409,
    },
  )
  t.match(await items(`?professional=${nurse.id}`), [
    { ...refused, verb: 'reservation', code: 'no_stock_in_reach', quantity: 7, available: null },
    { ...refused, verb: 'reservation', code: 'stock_insufficient', quantity: 6, available: 4, pharmacy: small.finess },
    { ...refused, verb: 'dispensation', code: 'stock_insufficient', quantity: 5, available: 4 },
  ])
  const doctor = await world.professional(5, { profession: '10' })
  must(409, await world.dispense(place, doctor.id, 2))
  t.match(await only(doctor.id), { code: 'profession_not_entitled', ...surgical(2), decision: null, profession: '10' })
})

t.test('a wrong code, somebody suspended, somebody unknown: the code alone', async (t) => {
  const [nurse, suspended] = [await world.professional(6), await world.professional(7, { status: 'suspended' })]
  const { id } = must(201, await world.reserve(nurse.token, { quantity: 2, pharmacy: place.finess })).body
  must(409, await world.dispense(place, nurse.id, 2, { reservations: [{ id, pickupCode: '0000-0000' }] }))
  must(409, await world.dispense(place, suspended.id, 2))
  must(409, await world.dispense(place, rpps(999), 2))
  const alone = { product: null, quantity: null, decision: null, available: null }
  t.match(await only(nurse.id), { ...alone, code: 'pickup_code_wrong', profession: '60' })
  t.match(await only(suspended.id), { ...alone, code: 'professional_suspended' })
  const nobody = { ...alone, professional: null, profession: null, pharmacy: place.finess }
  t.match(await items('?code=professional_unknown'), [nobody])
  t.equal((await items('?code=professional_unknown', await regulator('ars', ['FR-31']))).length, 1)
  t.strictSame(await items('?code=professional_unknown', await regulator('ars', ['FR-BRE'])), [])
})

t.test('a reversal of more than was dispensed: of what, and what was left to take back', async (t) => {
  const nurse = await world.professional(8)
  const { id } = must(201, await world.dispense(place, nurse.id, 5)).body
  must(201, await reverse(id, [surgical(2)]))
  must(409, await reverse(id, [surgical(4)]))
  const asked = { verb: 'reversal', code: 'reversal_exceeds_dispensed', dispensation: id }
  t.match(await only(nurse.id), { ...asked, ...surgical(4), available: 3, decision: null, profession: '60' })
})

t.test('what is kept for the record is no part of the answer', async (t) => {
  const nurse = await world.professional(9)
  const document = ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId']
  const membersOf = (body: object) => Object.keys(body).filter((member) => !document.includes(member))
  const exceeded = await world.dispense(place, nurse.id, 21)
  t.strictSame(membersOf(exceeded.body).sort(), ['remaining', 'resetsAt', 'rule', 'window'])
  t.strictSame(Object.keys(exceeded.body.rule), ['id', 'source'])
  const short = await world.dispense(brest, nurse.id, 0, { lines: [ffp2(1)] })
  t.strictSame(membersOf(short.body).sort(), ['available', 'product'])
  const override = { reasonCode: 'other' }
  t.strictSame(membersOf((await world.dispense(place, nurse.id, 21, { override })).body), [])
  const { id } = must(201, await world.dispense(place, nurse.id, 1)).body
  t.strictSame(membersOf((await reverse(id, [surgical(2)])).body), ['reversible'])
})
