import type { Database, Transaction } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Signer } from '../../domain/signed-note.ts'
import { insertRule } from '../../features/allocation-rules/queries.ts'
import { insertConsent } from '../../features/clients/consent-queries.ts'
import { codeOf } from '../../features/clients/consents.ts'
import { type ClientState, stateOf } from '../../features/clients/powers.ts'
import { insertClient } from '../../features/clients/queries.ts'
import { insertRequest } from '../../features/clients/request-queries.ts'
import { makeSecret } from '../../features/clients/secret.ts'
import { insertSecret } from '../../features/clients/secret-queries.ts'
import { dispense } from '../../features/dispensations/dispense.ts'
import { reserve } from '../../features/reservations/reserve.ts'
import { insertEndpoint } from '../../features/webhooks/endpoint-queries.ts'
import { idFor } from '../../http/documentation/example-requests.ts'
import { CONSENT_CODE, PHARMACY, PICKUP_CODE, PROFESSIONAL, TIME } from '../../http/documentation/example-values.ts'
import { idIn } from '../../http/documentation/examples.ts'
import { draw } from '../../store/effects.ts'
import { raiseDoubts } from '../../store/identity-doubts.ts'
import { done } from './done.ts'
import { DOUBTED } from './people.ts'

// Of the two products that the example's person may have, so that no limit on reservations is reached.
const RESERVATIONS = [
  { id: idIn('reservations'), product: 'surgical', pickupCode: PICKUP_CODE },
  { id: idFor('cancelReservation', ''), product: 'ffp2', pickupCode: '7K3M-9QXB' },
  { id: idFor('reduceReservation', ''), product: 'ffp2', pickupCode: '7K3M-9QXC' },
]
const QUANTITY = 2
const LIMITS = { overridesPerWeek: 0, limitCodeTries: false, unservedChecks: null, operator: undefined }
const FAR_AWAY = 'FR-976'

/**
 * Puts in what the examples of the documentation name, under the ids and codes that they name: whoever sends its
 * requests in its order has each answered as it says.
 */
export async function fillExamples(db: Database, signer: Signer): Promise<void> {
  await inTransaction(db, handOver(signer))
  for (const each of RESERVATIONS) await inTransaction(db, holding(each))
  await inTransaction(db, publishAnother)
  const { hash } = await makeSecret()
  await inTransaction(db, async (tx) => {
    await insertClients(tx)
    await insertSecret(tx, idIn('clients'), { id: idIn('secrets'), hash }, null)
    await askForMore(tx)
  })
  await raiseDoubts(db, DOUBTED, 'https://login.example.org', () => idIn('identity-doubts'))
}

function handOver(signer: Signer) {
  return async (tx: Transaction): Promise<void> => {
    const lines = [{ product: 'surgical', quantity: QUANTITY, lot: undefined, bestBefore: undefined }]
    const identityCheck = { method: 'cps_card' as const }
    const request = { professional: PROFESSIONAL, identityCheck, lines, reservations: [], releaseHolds: false }
    // The entry's id is drawn first.
    const ids = [idIn('dispensations')]
    const drawn = { ...draw, id: () => ids.shift() ?? draw.id() }
    done(await dispense(tx, PHARMACY, request, { ...LIMITS, signer }, drawn))
  }
}

function holding({ product, ...drawn }: (typeof RESERVATIONS)[number]) {
  return async (tx: Transaction): Promise<void> => {
    const request = { product, quantity: QUANTITY, pharmacy: PHARMACY, maxDistanceMetres: 1 }
    const limits = { holdHours: 24, maxLiveHolds: 2, vouch: <T>(_: string, own: T) => own }
    done(await reserve(tx, PROFESSIONAL, request, limits, () => drawn))
  }
}

/** A rule to withdraw, in force where nobody of the sandbox is. */
async function publishAnother(tx: Transaction): Promise<void> {
  const rule = {
    beneficiaries: [{ profession: '60' }],
    products: ['surgical'],
    cap: 18,
    subCaps: [],
    window: { kind: 'calendar_weeks' as const, count: 1 },
    territory: FAR_AWAY,
    validFrom: Date.parse(TIME),
    validTo: null,
    source: { title: 'A rule to withdraw', reference: 'Invented for gomask sandbox', url: null },
    confidence: 'low' as const,
  }
  // The example's regulator withdraws it, and so it is one of its own.
  const authority = { territory: 'FR', professions: [] }
  await insertRule(tx, idIn('allocation-rules'), rule, { name: 'gomask sandbox', authority })
}

async function insertClients(tx: Transaction): Promise<void> {
  for (const id of [idIn('clients'), idFor('confirmClientRequest', ''), idFor('withdrawClientRequest', '')]) {
    await insertClient(tx, id, 'pharmacy', CLIENT)
  }
}

const CLIENT: ClientState = stateOf({
  name: 'Logiciel d’exemple',
  status: 'active',
  scopes: ['stock:read'],
  territories: [],
  professions: [],
  tokenSeconds: 900,
})

/** Where the vendor's machine wants events sent. They are signed once their first secret is made, by a rotation. */
export function fillEndpoints(db: Database, client: string): Promise<void> {
  const url = 'https://till.example.com/gomask'
  const endpoint = { url, types: [], pharmacies: null, signing: 'v1' as const }
  return inTransaction(db, async (tx) => {
    await insertEndpoint(tx, client, { ...endpoint, id: idIn('webhook-endpoints') })
    await insertEndpoint(tx, client, { ...endpoint, id: idFor('deleteWebhookEndpoint', '') })
  })
}

/** What somebody else has asked for: of an admin for a client, and for clients of a pharmacy. */
async function askForMore(tx: Transaction): Promise<void> {
  const wanted = { change: { ...CLIENT, scopes: ['stock:read', 'stock:write'] }, secret: null }
  const toConfirm = idFor('confirmClientRequest', '')
  const toWithdraw = idFor('withdrawClientRequest', '')
  await insertRequest(tx, idIn('requests'), toConfirm, wanted, 'another admin')
  await insertRequest(tx, idIn('requests to withdraw'), toWithdraw, wanted, 'another admin')
  const { hash: codeHash } = codeOf(CONSENT_CODE)
  const asked = { finess: PHARMACY, codeHash, days: 14 }
  await insertConsent(tx, { ...asked, id: idIn('consents'), client: toConfirm })
  await insertConsent(tx, { ...asked, id: idFor('refuseConsent', ''), client: toWithdraw })
}
