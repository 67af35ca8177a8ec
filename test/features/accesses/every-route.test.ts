import t from 'tap'
import type { Role } from '../../../src/http/caller.ts'
import { sequenceAndPublish } from '../../../src/jobs/ledger/sequencer.ts'
import { makeClient, tokenOf } from '../../support/clients.ts'
import { raiseDoubt } from '../../support/doubts.ts'
import { ledgerJob } from '../../support/ledger.ts'
import { routesOf } from '../../support/routes.ts'
import { startService } from '../../support/service.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../../support/world.ts'

/** A reading of the nurse's data: what to send, and the kind of access that it leaves. */
interface Recorded {
  leaves: string
  path?: string
  body?: object
  status?: number
  /** Sent twice: the repetition is the reading. */
  twice?: true
}
/** `nobody`: the answer shows no person. `own`: it shows the caller's own data. */
type Decided = 'nobody' | 'own' | Recorded

const service = await startService(t, { LEDGER_RETENTION_DAYS: 0 })
const { call } = service
const world = await makeWorld(service, 100)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))
const practice = { ...CENTRE, territory: 'FR-31' }
const person = { profession: '60', familyName: 'Quatresous', givenName: 'Zéphirine', status: 'active', practice }
const nurse = await world.professional(7, person)
const caller: Record<Role, string> = {
  pharmacy: place.token,
  professional: nurse.token,
  regulator: world.regulator,
  admin: world.admin,
}
const machine = await tokenOf(service, await makeClient(service, world.admin))
const { id } = must(201, await world.dispense(place, nurse.id, 1)).body
const hold = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })).body
must(409, await world.dispense(place, nurse.id, 500))
const doubt = await raiseDoubt(service, [nurse.id, (await world.professional(8)).id])
await sequenceAndPublish(await ledgerJob(t, service))
const routes = routesOf(service.app, { doubt })

const other = (): object => ({ ...dispensationBody(nurse.id, 1) })
const history = `/v1/professionals/${nurse.id}/history`
const decisions: Record<string, Partial<Record<Role | 'public', Decided>>> = {
  'GET /v1/products': { public: 'nobody' },
  'GET /v1/pharmacies': everybody('nobody'),
  'GET /v1/pharmacies/{finess}': everybody('nobody'),
  'GET /v1/pharmacies/{finess}/stock': { pharmacy: 'nobody', regulator: 'nobody' },
  'PUT /v1/pharmacies/{finess}/service': { pharmacy: 'nobody' },
  'PUT /v1/pharmacies/{finess}/stock': { pharmacy: 'nobody' },
  'PUT /v1/pharmacies/{finess}/stock/{product}': { pharmacy: 'nobody' },
  'POST /v1/pharmacies/{finess}/stock-movements': { pharmacy: 'nobody' },
  'POST /v1/pharmacies/{finess}/offline-batches': { pharmacy: 'nobody' },
  'POST /v1/pharmacies/{finess}/deliveries': { pharmacy: 'nobody' },
  'GET /v1/pharmacies/{finess}/stock-movements': { pharmacy: 'nobody', regulator: 'nobody' },
  // Totals by profession: about masks, and no person.
  'GET /v1/pharmacies/{finess}/statement': { pharmacy: 'nobody', regulator: 'nobody' },
  'GET /v1/entitlements/me': { professional: 'own' },
  'GET /v1/professionals/{id}/entitlements': {
    professional: 'own',
    regulator: { leaves: 'entitlements', path: `/v1/professionals/${nurse.id}/entitlements` },
  },
  'POST /v1/reservations': { professional: 'own' },
  'GET /v1/reservations': { professional: 'own', pharmacy: { leaves: 'reservation' } },
  'GET /v1/reservations/{id}': {
    professional: 'own',
    pharmacy: { leaves: 'reservation', path: `/v1/reservations/${hold.id}` },
  },
  'POST /v1/reservations/lookup': { pharmacy: { leaves: 'reservation', body: { pickupCode: hold.pickupCode } } },
  'POST /v1/reservations/{id}/cancellation': {
    professional: 'own',
    pharmacy: { leaves: 'reservation', path: `/v1/reservations/${hold.id}/cancellation`, body: { reason: 'damaged' } },
  },
  'POST /v1/reservations/{id}/reduction': { professional: 'own' },
  'POST /v1/dispensation-checks': { pharmacy: { leaves: 'dispensation_check', body: other() } },
  'POST /v1/dispensations': { pharmacy: { leaves: 'dispensation', body: other(), status: 201, twice: true } },
  'POST /v1/dispensations/{id}/reversal': {
    pharmacy: { leaves: 'dispensation', path: `/v1/dispensations/${id}/reversal`, status: 201, twice: true },
  },
  'GET /v1/dispensations': {
    professional: 'own',
    pharmacy: { leaves: 'dispensation' },
    regulator: { leaves: 'dispensation' },
  },
  'GET /v1/dispensations/{id}': {
    professional: 'own',
    pharmacy: { leaves: 'dispensation', path: `/v1/dispensations/${id}` },
    regulator: { leaves: 'dispensation', path: `/v1/dispensations/${id}` },
  },
  'GET /v1/professionals/me/history': { professional: 'own' },
  'GET /v1/professionals/me/data': { professional: 'own' },
  'GET /v1/professionals/{id}/history': { professional: 'own', regulator: { leaves: 'history', path: history } },
  'GET /v1/ledger/bundle': { regulator: { leaves: 'audit_export' } },
  'GET /v1/ledger/checkpoint': everybody('nobody'),
  'GET /v1/ledger/key': everybody('nobody'),
  'GET /v1/ledger/consistency-proof': everybody('nobody'),
  'GET /v1/ledger/inclusion-proof': {
    professional: 'own',
    pharmacy: { leaves: 'ledger', path: `/v1/ledger/inclusion-proof?entry=${id}` },
    regulator: { leaves: 'ledger', path: `/v1/ledger/inclusion-proof?entry=${id}` },
  },
  'PUT /v1/products/{code}': { admin: 'nobody' },
  'PUT /v1/pharmacies/{finess}': { admin: 'nobody' },
  'PUT /v1/professionals/{id}': {
    admin: { leaves: 'professional', path: `/v1/professionals/${nurse.id}`, body: { ...person, otherIds: [] } },
  },
  'POST /v1/professionals/{id}/erasure': {
    admin: { leaves: 'erasure', path: `/v1/professionals/${nurse.id}/erasure`, status: 409 },
  },
  'GET /v1/identity-doubts': { admin: { leaves: 'professional' } },
  // That it is decided, when and by whom: neither number nor name.
  'POST /v1/identity-doubts/{id}/decision': { admin: 'nobody' },
  'GET /v1/allocation-rules': everybody('nobody'),
  'POST /v1/allocation-rules': { regulator: 'nobody', admin: 'nobody' },
  'POST /v1/allocation-rules/{id}/withdrawal': { regulator: 'nobody', admin: 'nobody' },
  'GET /v1/territories': { regulator: 'nobody' },
  'GET /v1/events': {
    professional: 'own',
    pharmacy: { leaves: 'dispensation', path: '/v1/events?type=dispensation.recorded' },
    regulator: { leaves: 'dispensation', path: '/v1/events?type=dispensation.recorded' },
  },
  'GET /v1/accesses/me': { professional: 'own' },
  'GET /v1/audit/accesses': { regulator: { leaves: 'accesses' } },
  'GET /v1/audit/admin-acts': { regulator: { leaves: 'professional' } },
  'GET /v1/audit/refusals': { regulator: { leaves: 'refusals' } },
  'GET /v1/audit/dispensations': { regulator: { leaves: 'audit' } },
  'GET /v1/audit/summary': { regulator: 'nobody' },
  'GET /v1/audit/anomalies': { regulator: 'nobody' },
  'GET /v1/clients': { admin: 'nobody' },
  'POST /v1/clients': { admin: 'nobody' },
  'GET /v1/clients/{id}': { admin: 'nobody' },
  'PUT /v1/clients/{id}': { admin: 'nobody' },
  'POST /v1/clients/{id}/token-revocation': { admin: 'nobody' },
  'POST /v1/clients/{id}/confirmation': { admin: 'nobody' },
  'POST /v1/clients/{id}/withdrawal': { admin: 'nobody' },
  'POST /v1/clients/{id}/secrets': { admin: 'nobody' },
  'DELETE /v1/clients/{id}/secrets/{secret}': { admin: 'nobody' },
  'POST /v1/clients/{id}/grants': { admin: 'nobody' },
  'POST /v1/consents': { pharmacy: 'nobody' },
  'GET /v1/consents': { pharmacy: 'nobody' },
  'GET /v1/consents/{id}': { pharmacy: 'nobody' },
  'POST /v1/consents/{id}/acceptance': { pharmacy: 'nobody' },
  'POST /v1/consents/{id}/refusal': { pharmacy: 'nobody' },
  'POST /v1/webhook-endpoints': { pharmacy: 'nobody', regulator: 'nobody' },
  'GET /v1/webhook-endpoints': { pharmacy: 'nobody', regulator: 'nobody' },
  'GET /v1/webhook-endpoints/{id}': { pharmacy: 'nobody', regulator: 'nobody' },
  'DELETE /v1/webhook-endpoints/{id}': { pharmacy: 'nobody', regulator: 'nobody' },
  'POST /v1/webhook-endpoints/{id}/secret-rotation': { pharmacy: 'nobody', regulator: 'nobody' },
  'POST /v1/webhook-endpoints/{id}/test': { pharmacy: 'nobody', regulator: 'nobody' },
  'POST /v1/webhook-endpoints/{id}/redelivery': { pharmacy: 'nobody', regulator: 'nobody' },
  'GET /v1/webhook-endpoints/{id}/deliveries': { pharmacy: 'nobody', regulator: 'nobody' },
  'GET /v1/me': { ...everybody('nobody'), professional: 'own' },
  'GET /v1/pharmacies/{finess}/grants': { pharmacy: 'nobody', admin: 'nobody' },
  'PUT /v1/pharmacies/{finess}/grants/{client}': { pharmacy: 'nobody', admin: 'nobody' },
  'POST /v1/pharmacies/{finess}/grants/{client}/withdrawal': { pharmacy: 'nobody', admin: 'nobody' },
}

t.test('for every route and role it is decided whether its answer is a reading of somebody else', async (t) => {
  const { paths } = (await call('GET', '/openapi.json')).body as { paths: Record<string, object> }
  const served = Object.entries(paths).flatMap(([path, methods]) =>
    path.startsWith('/v1/') ? Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`) : [],
  )
  t.same(Object.keys(decisions).sort(), served.sort())
  for (const route of routes) {
    const roles = route.roles.length === 0 ? ['public'] : route.roles
    t.same(Object.keys(decisions[route.name] ?? {}).sort(), [...roles].sort(), route.name)
  }
})

for (const route of routes) {
  for (const [role, decided] of Object.entries(decisions[route.name] ?? {})) {
    const isMachines = route.policy !== 'public' && ['asking', 'client'].includes(route.policy[role as Role] ?? '')
    const token = isMachines ? machine : (caller[role as Role] as string | undefined)
    const title = `${route.name} for ${role}`
    if (typeof decided === 'string') {
      t.test(`${title} shows ${decided === 'own' ? 'oneself' : 'nobody'}, and leaves nothing`, async (t) => {
        const before = await accesses()
        const { body, status } = await call(route.method, route.path, { token, body: route.body, key: true })
        t.not(status, 403)
        t.same(await accesses(), before)
        if (decided === 'nobody') t.notMatch(JSON.stringify(body), new RegExp(`${nurse.id}|Quatresous|Zéphirine`))
      })
    } else {
      t.test(`${title} leaves an access of the kind ${decided.leaves}`, async (t) => {
        const { path = route.path, body = route.body, status = 200, twice, leaves } = decided
        const sent = { token, body, key: `${title}`.replaceAll(' ', '-'), headers: { 'x-operator': 'someone' } }
        if (twice) must(status, await call(route.method, path, sent))
        const before = await accesses()
        must(status, await call(route.method, path, sent))
        const added = (await accesses()).slice(0, -before.length || undefined)
        t.match(added, [{ kind: leaves, reader: { role }, operator: 'someone' }])
        t.equal(added.length, 1)
      })
    }
  }
}

/** Everybody's decision on a route that shows nobody. */
function everybody(decided: Decided) {
  return { pharmacy: decided, professional: decided, regulator: decided, admin: decided }
}

async function accesses(): Promise<object[]> {
  return must(200, await call('GET', '/v1/accesses/me?limit=100', { token: nurse.token })).body.items
}
