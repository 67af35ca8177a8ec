import type { Test } from 'tap'
import { type Role, roles } from '../../src/http/caller.ts'
import { type Scope, scopes } from '../../src/http/scopes.ts'
import { signToken } from '../../src/http/tokens.ts'
import { sequenceAndPublish } from '../../src/jobs/ledger/sequencer.ts'
import { type ClientRow, clientToken, insertClient } from './client-rows.ts'
import { askConsents } from './clients.ts'
import { raiseDoubt } from './doubts.ts'
import { ledgerJob } from './ledger.ts'
import { finess, rpps } from './numbers.ts'
import type { Objects } from './routes.ts'
import { seededUuid } from './seed.ts'
import { makeKey, type Service } from './service.ts'
import { CENTRE, makeWorld, must, ruleBody, type World } from './world.ts'

/** Somebody who calls, with all that decides about it. */
export interface Caller {
  name: string
  /** Undefined: it has no token. */
  role?: Role
  /** Its token; a machine's has every scope but the one that is said to lack. */
  token(scope: Scope): Promise<string | undefined>
  /** What is refused whatever it asks, 401 or the code of 403. */
  refused?: 'unauthenticated' | 'forbidden' | 'professional_suspended' | 'pharmacy_suspended'
  lacksScope?: true
  /** It acts for pharmacies by their grants. */
  byGrant?: true
  /** Its remit is another profession than that of everybody in the cast. */
  ofAnotherProfession?: true
  /** What it may reach: the pharmacies that it acts for, itself, its territories. */
  reaches: readonly string[]
}

export interface Cast {
  world: World
  /** Objects of the callers' own, of a pharmacy that granted a client, of others, and none that exist. */
  objects: Record<'own' | 'granted' | 'other' | 'none', Objects>
  callers: Caller[]
}

const HERE = 'FR-31'
const ELSEWHERE = 'FR-22'

/** Makes everything that the routes' requests name, twice over and more, and everybody who might ask. */
export async function makeCast(t: Test, service: Service): Promise<Cast> {
  const world = await makeWorld(service, 1_000_000)
  const [own, granted] = [await makeObjects(service, world, 1, HERE), await makeObjects(service, world, 2, HERE)]
  const other = await makeObjects(service, world, 3, ELSEWHERE)
  await sequenceAndPublish(await ledgerJob(t, service))
  const none = {
    pharmacy: finess(99),
    professional: rpps(99),
    reservation: seededUuid(),
    largerReservation: seededUuid(),
    pickupCode: '0000-0000',
    dispensation: seededUuid(),
    rule: seededUuid(),
    territory: ELSEWHERE,
    client: seededUuid(),
    formerClient: seededUuid(),
    consent: seededUuid(),
    consentCode: 'code',
    refusedConsent: seededUuid(),
    doubt: seededUuid(),
  }
  const machines = await makeMachines(service, granted)
  // Last, as they are put in through the service, which then reads everybody's standing again.
  const suspended = await makeSuspended(world)
  return {
    world,
    objects: { own, granted, other, none },
    callers: [...(await makePeople(service, own)), ...suspended, ...machines],
  }
}

async function makeObjects(service: Service, world: World, n: number, territory: string): Promise<Objects> {
  const { call } = service
  const place = await world.pharmacy(n, { territory })
  must(201, await world.count(place, 10_000))
  const { id, token } = await world.professional(n, { practice: { ...CENTRE, territory } })
  const hold = async (quantity = 1) => must(201, await world.reserve(token, { quantity, pharmacy: place.finess })).body
  const [one, two] = [await world.professional(10 + n), await world.professional(20 + n)]
  // By its authority, which alone may withdraw it, as it has already.
  const authority = await service.token({ role: 'regulator', subject: `of ${territory}`, territories: [territory] })
  const body = ruleBody({ territory, beneficiaries: [{ profession: '98' }] })
  const rule = must(201, await call('POST', '/v1/allocation-rules', { token: authority, body })).body
  must(200, await call('POST', `/v1/allocation-rules/${rule.id}/withdrawal`, { token: authority, body: {} }))
  return {
    pharmacy: place.finess,
    professional: id,
    reservation: (await hold()).id,
    largerReservation: (await hold(2)).id,
    pickupCode: (await hold()).pickupCode,
    dispensation: must(201, await world.dispense(place, id, 100)).body.id,
    rule: rule.id,
    territory,
    doubt: await raiseDoubt(service, [one.id, two.id]),
    ...(await makeClients(service, world.admin, place.finess)),
  }
}

type OfClients = 'client' | 'formerClient' | 'consent' | 'consentCode' | 'refusedConsent'

async function makeClients(service: Service, admin: string, pharmacy: string): Promise<Pick<Objects, OfClients>> {
  const { call } = service
  const put = (path: string) => call('PUT', path, { token: admin, body: {} })
  const post = (path: string, body: object = {}) => call('POST', path, { token: admin, body })
  const client = { name: 'A till', role: 'pharmacy', scopes: ['stock:read'] }
  const [one, former] = [must(201, await post('/v1/clients', client)), must(201, await post('/v1/clients', client))]
  must(201, await post(`/v1/clients/${one.body.id}/secrets`))
  for (const { body } of [one, former]) must(201, await put(`/v1/pharmacies/${pharmacy}/grants/${body.id}`))
  must(200, await post(`/v1/pharmacies/${pharmacy}/grants/${former.body.id}/withdrawal`))
  const consents = await askConsents(service, pharmacy, one.body, former.body)
  return { client: one.body.id, formerClient: former.body.id, ...consents }
}

/** Each role as it should be, with a token that has expired, and with one that another key has signed. */
async function makePeople(service: Service, own: Objects): Promise<Caller[]> {
  const stranger = await makeKey()
  const claims = {
    pharmacy: { subject: 'till', finess: [own.pharmacy] },
    professional: { subject: own.professional },
    regulator: { subject: 'ars-31', territories: [own.territory] },
    admin: { subject: 'admin' },
  }
  const made = roles.map(async (role): Promise<Caller[]> => {
    const request = { role, ...claims[role] }
    const good = await service.token(request)
    const expired = await service.token({ ...request, ttlSeconds: -1 })
    const forged = await signToken({ ...stranger, id: service.key.id }, { ...request, ttlSeconds: 600 })
    const reaches = [own.pharmacy, own.professional, own.territory]
    return [
      { name: role, role, reaches, token: async () => good },
      { name: `${role}, expired token`, role, reaches, refused: 'unauthenticated', token: async () => expired },
      { name: `${role}, forged token`, role, reaches, refused: 'unauthenticated', token: async () => forged },
    ]
  })
  const doctors = await service.token({
    role: 'regulator',
    subject: 'ars-31-doctors',
    territories: [own.territory],
    professions: ['98'],
  })
  const ofDoctors: Caller = {
    name: 'regulator of another profession',
    role: 'regulator',
    reaches: [own.territory],
    ofAnotherProfession: true,
    token: async () => doctors,
  }
  const nobody: Caller = { name: 'no token', reaches: [], refused: 'unauthenticated', token: async () => undefined }
  return [nobody, ofDoctors, ...(await Promise.all(made)).flat()]
}

async function makeSuspended(world: World): Promise<Caller[]> {
  const place = await world.pharmacy(4, { status: 'suspended' })
  const professional = await world.professional(4, { status: 'suspended' })
  return [
    {
      name: 'suspended pharmacy',
      role: 'pharmacy',
      reaches: [place.finess],
      refused: 'pharmacy_suspended',
      token: async () => place.token,
    },
    {
      name: 'suspended professional',
      role: 'professional',
      reaches: [professional.id],
      refused: 'professional_suspended',
      token: async () => professional.token,
    },
  ]
}

async function makeMachines(service: Service, { pharmacy, territory }: Objects): Promise<Caller[]> {
  const make = async (
    name: string,
    row: ClientRow,
    more: Pick<Caller, 'refused' | 'lacksScope'> = {},
  ): Promise<Caller> => {
    const id = await insertClient(service.db, row)
    const reaches = [...(row.finess ?? []), ...(row.territories ?? [])]
    const tokens = new Map<Scope, Promise<string>>()
    const sign = (scope: Scope) => {
      const scoped = more.lacksScope ? scopes.filter((each) => each !== scope) : scopes
      const token = tokens.get(scope) ?? clientToken(service.key, id, scoped)
      tokens.set(scope, token)
      return token
    }
    return { name: `${row.role} client ${name}`, role: row.role, reaches, token: sign, byGrant: true, ...more }
  }
  const till: ClientRow = { role: 'pharmacy', finess: [pharmacy] }
  const authority: ClientRow = { role: 'regulator', territories: [territory] }
  return Promise.all([
    make('with a grant', till),
    make('without a grant', { role: 'pharmacy' }),
    make('lacking the scope', till, { lacksScope: true }),
    make('that is suspended', { ...till, status: 'suspended' }, { refused: 'forbidden' }),
    make('that is revoked', { ...till, status: 'revoked' }, { refused: 'unauthenticated' }),
    make('', authority),
    make('lacking the scope', authority, { lacksScope: true }),
    make('that is suspended', { ...authority, status: 'suspended' }, { refused: 'forbidden' }),
    make('that is revoked', { ...authority, status: 'revoked' }, { refused: 'unauthenticated' }),
    make('', { role: 'admin' }),
    make('lacking the scope', { role: 'admin' }, { lacksScope: true }),
    make('that is suspended', { role: 'admin', status: 'suspended' }, { refused: 'forbidden' }),
    make('that is revoked', { role: 'admin', status: 'revoked' }, { refused: 'unauthenticated' }),
  ])
}
