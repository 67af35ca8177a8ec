import { createHash } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, jwtVerify, SignJWT } from 'jose'
import t from 'tap'
import { AUDIENCE, ISSUER } from '../../../src/http/tokens.ts'
import { accessesTo, letExpire, refusalsOn } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { makeKey, startBeside, startService } from '../../support/service.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t, { MAX_LIVE_HOLDS: 20, PUBLIC_URL: 'https://masks.example.org' })
const { call, db, key } = service
const world = await makeWorld(service, 1_000)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
must(201, await world.count(place, 1_000))
must(201, await world.count(other, 1_000))
const [nurse, colleague] = [await world.professional(1), await world.professional(2)]

const hold = async (quantity = 5) =>
  must(201, await world.reserve(nurse.token, { quantity, pharmacy: place.finess })).body
const collect = (voucher: unknown, { at = place, who = nurse.id, more = {} } = {}) =>
  world.dispense(at, who, 5, { reservations: [{ voucher }], ...more })
const check = async (voucher: unknown, { at = place, who = nurse.id } = {}) =>
  call('POST', '/v1/dispensation-checks', {
    token: at.token,
    body: dispensationBody(who, 5, { reservations: [{ voucher }] }),
  })
const lookUp = (voucher: unknown, { at = place, more = {} } = {}) =>
  call('POST', '/v1/reservations/lookup', { token: at.token, body: { voucher, ...more } })
const read = async (id: string, token = nurse.token) =>
  must(200, await call('GET', `/v1/reservations/${id}`, { token })).body
const refused = (code: string) => ({ status: 409, body: { code } })

t.test('a voucher is checked by jose alone, with keys that were read before', async (t) => {
  const keys = createLocalJWKSet((await call('GET', '/.well-known/jwks.json')).body)
  const made = await hold(7)
  const now = new Date()
  const rules = { algorithms: ['ES256'], typ: 'gomask-voucher+jwt', issuer: 'https://masks.example.org' }
  for (const { voucher } of [made, await read(made.id)]) {
    const { payload, protectedHeader } = await jwtVerify(voucher, keys, { ...rules, currentDate: now })
    t.strictSame(protectedHeader, { alg: 'ES256', typ: 'gomask-voucher+jwt', kid: key.id })
    const { salt, professional, ...said } = payload
    t.strictSame(said, {
      ...{ iss: 'https://masks.example.org', jti: made.id, pharmacy: place.finess, product: 'surgical', quantity: 7 },
      iat: Math.floor(Date.parse(made.createdAt) / 1000),
      exp: Math.floor(Date.parse(made.expiresAt) / 1000),
    })
    const hashOf = (number: string) => createHash('sha256').update(`${salt}${number}`).digest('base64url')
    t.equal(professional, hashOf(nurse.id), 'the card at the counter fits')
    t.not(professional, hashOf(colleague.id))
    t.ok(voucher.length < 700, 'a QR code of version 20 has room for 858 bytes')
  }
  t.not(decodeJwt(made.voucher).salt, decodeJwt((await hold()).voucher).salt, 'no table of hashes tells the numbers')
  const after = new Date(Date.parse(made.expiresAt) + 1)
  await t.rejects(jwtVerify(made.voucher, keys, { ...rules, currentDate: after }), { code: 'ERR_JWT_EXPIRED' })
  const forged = await signed(made.voucher, { by: await makeKey() })
  await t.rejects(jwtVerify(forged, keys, { ...rules, currentDate: now }), {
    code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  })
})

t.test('it takes the place of id and code: in a lookup, a check and a hand-over, and is used once', async (t) => {
  const { id, voucher, pickupCode, distanceMetres: _, ...shown } = await hold()
  t.strictSame((await lookUp(` ${voucher}\r\n`)).body, { id, ...shown }, 'as a scanner gives it')
  t.match(await accessesTo(db, nurse.id), [{ kind: 'reservation' }], 'the reading is recorded')
  t.match((await check(voucher)).body, { decision: 'allow', held: [] })
  const send = {
    token: place.token,
    key: seededUuid(),
    body: dispensationBody(nurse.id, 5, { reservations: [{ voucher }] }),
  }
  const first = must(201, await call('POST', '/v1/dispensations', send))
  t.match(first.body.reservations, [{ id, outcome: 'collected' }])

  const rotated = await startBeside(t, { ...service, key: await makeKey() })
  const token = await rotated.token({ role: 'pharmacy', subject: `till-${place.finess}`, finess: [place.finess] })
  const again = await rotated.call('POST', '/v1/dispensations', { ...send, token })
  t.strictSame([again.status, again.body], [201, first.body], 'a retry is answered though the key is gone')
  t.match(await rotated.call('POST', '/v1/dispensations', { ...send, token, key: true }), refused('voucher_invalid'))

  t.match(await collect(voucher), {
    status: 409,
    body: { code: 'reservation_not_held', reservationStatus: 'collected' },
  })
  t.match((await check(voucher)).body, { decision: 'refuse', code: 'reservation_not_held' })
  t.match(await lookUp(voucher), {
    status: 409,
    body: { code: 'reservation_not_held', reservationStatus: 'collected' },
  })
  t.notOk('voucher' in (await read(id)), 'and is not shown any more')
})

t.test('forged, expired, another pharmacy’s or another person’s: each is refused for what it is', async (t) => {
  const { id, voucher, expiresAt } = await hold()
  const [header, payload, signature] = voucher.split('.')
  const access = await service.token({ role: 'pharmacy', subject: 'till', finess: [place.finess] })
  for (const [what, forged] of Object.entries({
    'another key': await signed(voucher, { by: await makeKey() }),
    'another content': `${header}.${Buffer.from(JSON.stringify({ ...decodeJwt(voucher), quantity: 500 })).toString('base64url')}.${signature}`,
    'no signature': `${Buffer.from('{"alg":"none","typ":"gomask-voucher+jwt"}').toString('base64url')}.${payload}.`,
    'an access token': access,
    'its claims in an access token': await signed(voucher, { typ: 'at+jwt' }),
    'its claims in what says nothing': await signed(voucher, { typ: '' }),
    'another issuer': await signed(voucher, { claims: { iss: 'https://elsewhere.example.org' } }),
    nonsense: 'GOMASK:7K3M9QXA',
  })) {
    for (const answer of [await collect(forged), await check(forged), await lookUp(forged)]) {
      t.match(answer, refused('voucher_invalid'), what)
    }
  }
  t.match(
    await collect(await signed(voucher, { claims: { iss: ISSUER } }), {
      more: { lines: [{ product: 'ffp2', quantity: 1 }] },
    }),
    {
      ...refused('reservation_mismatch'),
    },
    'the service’s other name is its own too',
  )

  for (const answer of [
    await collect(voucher, { at: other }),
    await check(voucher, { at: other }),
    await lookUp(voucher, { at: other }),
  ]) {
    t.match(answer, refused('voucher_elsewhere'))
  }
  t.match(await collect(voucher, { who: colleague.id }), {
    status: 409,
    body: { code: 'voucher_not_theirs', reservation: id },
  })
  t.match((await check(voucher, { who: colleague.id })).body, { decision: 'refuse', code: 'voucher_not_theirs' })
  t.match(await refusalsOn(db, colleague.id), [{ code: 'voucher_not_theirs' }])

  await letExpire(db, id)
  t.ok(Date.parse(expiresAt) > 0)
  t.match(await collect(voucher), { status: 409, body: { code: 'voucher_expired', reservation: id } })
  t.match((await check(voucher)).body, { decision: 'refuse', code: 'voucher_expired' })
  t.match(await lookUp(voucher), refused('voucher_expired'))
  t.notOk('voucher' in (await read(id)))
  const before = new Date(Date.parse((await read(id)).expiresAt) - 1).toISOString()
  const { status, body } = await collect(voucher, { more: { dispensedAt: before } })
  t.match([status, body.reservations], [201, [{ id, outcome: 'expired' }]], 'what was handed over in time stands')
})

t.test('made smaller or cancelled, the reservation says so, not the voucher', async (t) => {
  const first = await hold(8)
  const smaller = { token: nurse.token, key: true as const, body: { quantity: 5 } }
  const second = must(201, await call('POST', `/v1/reservations/${first.id}/reduction`, smaller)).body
  t.match(decodeJwt(second.voucher), { jti: second.id, quantity: 5 })
  t.match(await collect(first.voucher), {
    status: 409,
    body: { code: 'reservation_not_held', reservationStatus: 'cancelled' },
  })
  must(200, await call('POST', `/v1/reservations/${second.id}/cancellation`, { token: nurse.token }))
  t.match(await collect(second.voucher), {
    status: 409,
    body: { code: 'reservation_not_held', reservationStatus: 'cancelled' },
  })
  t.match(await lookUp(second.voucher), { status: 409, body: { reservationStatus: 'cancelled' } })
})

t.test('an item of an offline batch takes it too, and says why it does not', async (t) => {
  const { id, voucher } = await hold()
  const item = (key: string, named: string) => ({
    ...{ key, kind: 'dispensation' },
    body: {
      ...dispensationBody(nurse.id, 5, { reservations: [{ voucher: named }] }),
      dispensedAt: new Date().toISOString(),
    },
  })
  const items = [item('right', voucher), item('forged', await signed(voucher, { by: await makeKey() }))]
  const path = `/v1/pharmacies/${place.finess}/offline-batches`
  t.match(must(200, await call('POST', path, { token: place.token, body: { items } })).body.items, [
    { key: 'right', outcome: 'recorded', answer: { reservations: [{ id, outcome: 'collected' }] } },
    { key: 'forged', outcome: 'refused', problem: { code: 'voucher_invalid' } },
  ])
})

t.test('its professional alone is shown it, and a retry is the first answer to the byte', async (t) => {
  const send = {
    token: nurse.token,
    key: seededUuid(),
    body: { product: 'surgical', quantity: 5, pharmacy: place.finess },
  }
  const made = must(201, await call('POST', '/v1/reservations', send)).body
  t.strictSame((await call('POST', '/v1/reservations', send)).body, made)
  const listed = must(200, await call('GET', '/v1/reservations?status=held', { token: nurse.token })).body.items
  t.match(listed[0], { id: made.id, voucher: /^eyJ/ })
  const atCounter = must(200, await call('GET', '/v1/reservations', { token: place.token })).body.items
  t.notOk([await read(made.id, place.token), ...atCounter].some((shown) => 'voucher' in shown))
})

t.test('400: a reservation is named in one way, and once', async (t) => {
  const { id, voucher, pickupCode } = await hold()
  const name = (...reservations: object[]) => world.dispense(place, nurse.id, 5, { reservations })
  for (const [wrong, path] of [
    [{ id, voucher }, 'reservations[0].id'],
    [{ id, pickupCode, voucher }, 'reservations[0].voucher'],
    [{ id }, 'reservations[0].pickupCode'],
    [{}, 'reservations[0].id'],
    [{ voucher: '' }, 'reservations[0].voucher'],
  ] as const) {
    t.match(await name(wrong), { status: 400, body: { errors: [{ path }] } }, JSON.stringify(Object.keys(wrong)))
  }
  const again = (await read(id)).voucher
  for (const twice of [{ voucher }, { voucher: again }, { id, pickupCode }]) {
    t.match(await name({ voucher }, twice), { status: 400, body: { errors: [{ path: 'reservations' }] } })
  }
  t.match(await lookUp(voucher, { more: { pickupCode } }), { status: 400, body: { code: 'invalid_request' } })
})

t.test('401: a voucher is no access token, even one that says all that such a token does', async (t) => {
  const { voucher } = await hold()
  t.equal((await call('GET', '/v1/me', { token: voucher })).status, 401)
  const claims = { role: 'admin', sub: 'admin', aud: AUDIENCE }
  t.equal((await call('GET', '/v1/me', { token: await signed(voucher, { claims }) })).status, 401)
  t.equal((await call('GET', '/v1/me', { token: await signed(voucher, { claims, typ: 'JWT' }) })).status, 200)
})

/** A voucher's claims under another signature. */
function signed(
  voucher: string,
  { by = key, typ = 'gomask-voucher+jwt', claims = {} }: { by?: typeof key; typ?: string; claims?: object },
): Promise<string> {
  return new SignJWT({ ...decodeJwt(voucher), ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: key.id, ...(typ !== '' && { typ }) })
    .sign(by.privateKey)
}
