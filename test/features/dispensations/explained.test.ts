import t from 'tap'
import { asOwner, asRead, keepWhole } from '../../support/records.ts'
import { type Answer, startService } from '../../support/service.ts'
import { TIME } from '../../support/times.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, null)
const place = await world.pharmacy(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 10_000, product))
const rule = await world.rule({ cap: 20, subCaps: [{ product: 'ffp2', cap: 6 }] })

const surgical = (quantity: number) => ({ product: 'surgical', quantity })
const ffp2 = (quantity: number) => ({ product: 'ffp2', quantity })
const read = (id: string, token: string) => call('GET', `/v1/dispensations/${id}`, { token })
const reverse = (id: string, body: object) =>
  call('POST', `/v1/dispensations/${id}/reversal`, { token: place.token, key: true, body })

/** What an answer says of its lines: product, quantity, and the figures that each was judged by. */
function figures({ body }: Answer): unknown[] {
  return body.lines.map(({ product, quantity, decision }: Line) => {
    const { cap, received, held, remaining, beyondCap } = decision
    return [product, quantity, cap, received, held, remaining, beyondCap]
  })
}

interface Line {
  product: string
  quantity: number
  decision: Record<'cap' | 'received' | 'held' | 'remaining' | 'beyondCap', unknown>
}

t.test('each line says by what rule, window and figures it was judged, the lines before it counted', async (t) => {
  const nurse = await world.professional(1)
  must(201, await world.reserve(nurse.token, { quantity: 3, pharmacy: place.finess }))
  const answer = await world.dispense(place, nurse.id, 0, { lines: [surgical(5), ffp2(4), surgical(1)] })
  t.strictSame(figures(answer), [
    ['surgical', 5, 20, 0, 3, 17, false],
    ['ffp2', 4, 6, 0, 0, 6, false],
    ['surgical', 1, 20, 9, 3, 8, false],
  ])
  for (const { decision } of answer.body.lines) {
    const { id, source } = rule as unknown as Answer['body']
    t.match(decision, { rule: { id, source, publishedAt: TIME }, window: answer.body.window })
    t.strictSame(answer.body.rule, { id, source }, 'the first line’s is the entry’s')
  }
})

t.test('what was answered is what is read later, by whoever may read it, whatever happened since', async (t) => {
  const nurse = await world.professional(2)
  const override = { reasonCode: 'cluster', note: 'Nursing home' }
  const made = await world.dispense(place, nurse.id, 0, { lines: [surgical(15), ffp2(9)], override })
  const entry = asRead(must(201, made).body)
  const back = await reverse(entry.id, { kind: 'returned', lines: [ffp2(2)] })
  const reversal = asRead(must(201, back).body)
  const later = await world.rule({ cap: 99, validFrom: reversal.recordedAt })
  t.match(must(201, await world.dispense(place, nurse.id, 1)).body.rule, { id: later.id })
  for (const token of [place.token, nurse.token, world.regulator]) {
    t.strictSame((await read(entry.id, token)).body, entry)
    t.strictSame((await read(reversal.id, token)).body, reversal)
    t.strictSame((await call('GET', '/v1/dispensations', { token })).body.items.slice(1, 3), [reversal, entry])
  }
  for (const [path, token] of [
    ['me', nurse.token],
    [nurse.id, world.regulator],
  ] as const) {
    const { items } = (await call('GET', `/v1/professionals/${path}/history`, { token })).body
    t.strictSame(items.slice(1), [reversal, entry], path)
  }
  must(200, await call('POST', `/v1/allocation-rules/${later.id}/withdrawal`, { token: world.admin }))
})

t.test('an override says why; one that was not needed is none', async (t) => {
  const nurse = await world.professional(3)
  const override = { reasonCode: 'emergency', note: 'Fire at the clinic' }
  const within = await world.dispense(place, nurse.id, 20, { override })
  t.match(within.body, { flags: [], override: null })
  const beyond = await world.dispense(place, nurse.id, 4, { override })
  t.strictSame([beyond.body.flags, beyond.body.override], [['override'], override])
  t.strictSame(figures(beyond), [['surgical', 4, 20, 20, 0, 0, true]])
  const plain = await world.dispense(place, nurse.id, 1, { override: { reasonCode: 'other' } })
  t.strictSame((await read(plain.body.id, nurse.token)).body.override, { reasonCode: 'other' })
})

t.test('reservations cancelled to make room do not count as held', async (t) => {
  const nurse = await world.professional(4)
  must(201, await world.reserve(nurse.token, { quantity: 15, pharmacy: place.finess }))
  const answer = await world.dispense(place, nurse.id, 8, { releaseHolds: true })
  t.strictSame(figures(must(201, answer)), [['surgical', 8, 20, 0, 0, 20, false]])
})

t.test('a reversal shows the rule and window that it gives back in, and no figures', async (t) => {
  const nurse = await world.professional(5)
  const { body } = must(201, await world.dispense(place, nurse.id, 5))
  const back = must(201, await reverse(body.id, { kind: 'entry_error' }))
  t.strictSame(figures(back), [['surgical', 5, null, null, null, null, null]])
  const [{ decision }] = back.body.lines
  t.strictSame([decision.rule, decision.window], [body.lines[0].decision.rule, body.window])
  t.equal(back.body.override, null)
})

t.test('when the payload is erased the decision can still be explained, without the pharmacy’s words', async (t) => {
  const nurse = await world.professional(6)
  const override = { reasonCode: 'other', note: 'Knows why' }
  const { body } = must(201, await world.dispense(place, nurse.id, 30, { override }))
  const erase = `delete from ledger_payloads where entry_id = '${body.id}'`
  const triggers = (state: string) => `alter table ledger_payloads ${state} trigger user`
  await asOwner(db, [triggers('disable'), erase, triggers('enable')].join('; '))
  const erased = await read(body.id, world.regulator)
  t.match(erased.body, { professional: null, override: null, flags: ['override'] })
  t.strictSame(erased.body.lines, body.lines)
})

t.test('a key used under an earlier release answers again what it answered then', async (t) => {
  const nurse = await world.professional(7)
  const send = () =>
    call('POST', '/v1/dispensations', { token: place.token, key: 'old', body: dispensationBody(nurse.id, 2) })
  const { override: _, ...first } = must(201, await send()).body
  const old = { ...first, lines: [surgical(2)] }
  await keepWhole(db, 'old', old)
  const { payload, statusCode } = await service.app.inject({
    method: 'POST',
    url: '/v1/dispensations',
    headers: { authorization: `Bearer ${place.token}`, 'idempotency-key': 'old' },
    payload: dispensationBody(nurse.id, 2),
  })
  t.strictSame([statusCode, JSON.parse(payload)], [201, old])
})
