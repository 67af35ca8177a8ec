import { createHash } from 'node:crypto'
import t from 'tap'
import { chainOf, order, someone, underRule } from '../../support/erasure.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { adeli, rpps } from '../../support/numbers.ts'
import { asRead, eventsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { tablesNaming } from '../../support/traces.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t, { LEDGER_RETENTION_DAYS: 0 })
const { call, db } = service
const world = await makeWorld(service, null)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))

const erase = (id: string, key: string | true = true) =>
  call('POST', `/v1/professionals/${id}/erasure`, { token: world.admin, key, body: order })
const read = (id: string, token: string) => call('GET', `/v1/dispensations/${id}`, { token })
const put = (id: string, body: object, key: string | true = true) =>
  call('PUT', `/v1/professionals/${id}`, { token: world.admin, body, key })
const reverse = (id: string, key: string) =>
  call('POST', `/v1/dispensations/${id}/reversal`, {
    token: place.token,
    key,
    body: { kind: 'returned', note: 'The box was opened' },
  })

t.test('200: nothing in any table names the person any more', async (t) => {
  const [known, earlier, older] = [rpps(1), adeli(1), adeli(2)]
  const person = {
    ...someone,
    speciality: 'Sélénologie',
    familyName: 'Quatresous',
    givenName: 'Zéphirine',
    practice: { latitude: 43.612345, longitude: 1.467891, territory: 'FR-31' },
  }
  must(201, await put(known, { ...person, otherIds: [earlier] }))
  must(201, await put(older, person))
  const token = await service.token({ role: 'professional', subject: known })
  const hold = await underRule(service, world, async () => {
    const override = { reasonCode: 'other', note: `for ${known}` }
    const first = must(201, await world.dispense(place, known, 11, { override })).body
    must(201, await world.dispense(place, older, 1))
    must(200, await put(known, { ...person, otherIds: [older] }))
    must(201, await world.dispense(place, earlier, 2))
    must(201, await reverse(first.id, 'back'))
    must(409, await world.dispense(place, known, 1_000))
    must(200, await call('GET', `/v1/professionals/${known}/history`, { token: world.regulator }))
    const unwanted = must(201, await world.reserve(token, { quantity: 1, pharmacy: place.finess })).body
    const why = { token: place.token, key: 'unwanted', body: { reason: 'Zéphirine has moved away' } }
    must(200, await call('POST', `/v1/reservations/${unwanted.id}/cancellation`, why))
    return must(201, await world.reserve(token, { quantity: 7, pharmacy: place.finess })).body
  })
  const traces = [known, earlier, older, 'Quatresous', 'Zéphirine', 'Sélénologie', '43.612345']
  t.same(await tablesNaming(db, traces), [
    'idempotency_keys',
    'ledger_payloads',
    'person_identifiers',
    'persons',
    'reservations',
  ])

  const { status, body } = await erase(earlier)
  t.match({ status, body }, { status: 200, body: { records: 2, numbers: 3, entries: 6, answers: 6, reservations: 1 } })
  t.same(await tablesNaming(db, traces), [])
  const { rows: left } = await db.foreign(
    'select profession, practice_territory from persons where erased_at is not null',
  )
  t.same(left, Array(2).fill({ profession: '60', practice_territory: 'FR-31' }))

  const cancelled = await call('GET', `/v1/reservations/${hold.id}`, { token: place.token })
  t.match(cancelled.body, { status: 'cancelled', cancellationReason: 'erased' })
  t.strictSame(await eventsOn(db, hold.id), ['reservation.created', 'reservation.cancelled'])
  const shelf = await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })
  t.match(shelf.body.items, [{ onHand: 997, held: 0 }], 'its masks are free again')
  await invariantsHold(t, db)
})

t.test(
  '200: every chain of the person still verifies, and ends in an entry that says on whose authority',
  async (t) => {
    const nurse = await world.professional(3)
    must(201, await put(adeli(3), { ...someone, practice: undefined }))
    const entries = await underRule(service, world, async () => [
      must(201, await world.dispense(place, nurse.id, 4)).body,
      must(201, await world.dispense(place, nurse.id, 2)).body,
      must(201, await world.dispense(place, adeli(3), 1)).body,
    ])
    must(200, await put(nurse.id, { ...someone, otherIds: [adeli(3)] }))
    const [first, , other] = entries
    const before = [await chainOf(service, first.id), await chainOf(service, other.id)]
    must(200, await erase(nurse.id))
    const after = [await chainOf(service, first.id), await chainOf(service, other.id)]
    const kinds = after.map((chain) => chain.map(({ kind }) => kind))
    t.same(kinds, [
      ['dispensation', 'dispensation', 'link', 'erasure'],
      ['dispensation', 'link', 'erasure'],
    ])
    for (const [index, chain] of after.entries()) {
      for (const [position, entry] of chain.entries()) {
        t.equal(entry.seq, position + 1)
        t.equal(entry.previous, chain[position - 1]?.hash ?? null)
        t.equal(
          entry.hash,
          createHash('sha256')
            .update(Buffer.from(`00${entry.canonical}`, 'hex'))
            .digest('hex'),
        )
      }
      const erasure = chain.pop()
      t.same(JSON.parse(erasure?.payload ?? ''), order)
      const sealed = JSON.parse(Buffer.from(erasure?.canonical ?? '', 'hex').toString())
      t.match(sealed.slice(5, 14), ['erasure', /Z$/, /Z$/, null, '60', ['FR-31', null], [], [], null])
      t.same(
        chain,
        before[index]?.map((entry) => ({ ...entry, payload: null })),
        'what was there stays as it was, without its payload',
      )
    }

    const forgotten = db.foreign('delete from ledger_payloads where professional is null')
    await t.rejects(forgotten, { code: '42501' }, 'what an erasure says is kept for ever')

    t.strictSame((await read(first.id, place.token)).body, { ...asRead(first), professional: null, override: null })
    const { items } = (await call('GET', '/v1/dispensations?limit=3', { token: world.regulator })).body
    t.same(
      items.map(({ id }: { id: string }) => id),
      entries.map(({ id }) => id).reverse(),
      'no erasure among them',
    )
  },
)

t.test('200: an entry’s key goes on answering, without the number, so that no retry dispenses again', async (t) => {
  const nurse = await world.professional(4)
  const send = (quantity: number) =>
    call('POST', '/v1/dispensations', {
      token: place.token,
      key: 'retried',
      body: dispensationBody(nurse.id, quantity),
    })
  const [given, back] = await underRule(service, world, async () => {
    const given = must(201, await send(4)).body
    return [given, must(201, await reverse(given.id, 'retried-back')).body]
  })
  must(200, await erase(nurse.id))
  for (const [answer, body] of [
    [await send(4), given],
    [await reverse(given.id, 'retried-back'), back],
  ]) {
    t.strictSame([answer.status, answer.body], [201, { ...body, professional: null }])
    t.equal(answer.headers['idempotency-replayed'], 'true')
  }
  t.match(await send(5), { status: 422, body: { code: 'idempotency_key_reused' } })
  t.match(await reverse(given.id, 'anew'), { status: 409, body: { code: 'professional_unknown' } })
  t.equal((await chainOf(service, given.id)).length, 3)
})

t.test('200: nobody has the number any more, and put in again it is a new person', async (t) => {
  const nurse = await world.professional(5)
  const own = () => call('GET', '/v1/professionals/me/history', { token: nurse.token })
  const given = await underRule(service, world, async () => must(201, await world.dispense(place, nurse.id, 4)).body)
  must(200, await erase(nurse.id, 'erase-5'))
  t.match(await call('GET', `/v1/professionals/${nurse.id}/history`, { token: world.regulator }), { status: 404 })
  t.match(await call('GET', '/v1/entitlements/me', { token: nurse.token }), { status: 404 })
  t.match(await world.dispense(place, nurse.id, 1), { status: 409, body: { code: 'professional_unknown' } })
  t.match(await world.reserve(nurse.token, { quantity: 1 }), { status: 409, body: { code: 'professional_unknown' } })
  t.match(await erase(nurse.id), { status: 404, body: { code: 'not_found' } })
  t.match(await erase(nurse.id, 'erase-5'), { status: 200, headers: { 'idempotency-replayed': 'true' } })

  must(201, await put(nurse.id, someone))
  t.same((await own()).body.items, [])
  const anew = await underRule(service, world, async () => must(201, await world.dispense(place, nurse.id, 4)).body)
  t.match(anew, { sequence: 1, remaining: [{ quantity: 96 }] })
  t.same((await own()).body.items.length, 1)
  t.match(await read(given.id, nurse.token), { status: 404 })
  t.equal((await chainOf(service, given.id)).length, 2)
})
