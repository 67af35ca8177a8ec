import { PROFESSIONAL, TIME } from './example-values.ts'
import { idIn } from './examples.ts'

/** Whom a sandbox has so that an erasure can be tried: everybody else is asked about again. */
export const ERASED_PROFESSIONAL = '99700090089'

/** The collections of which an operation ends something, or which it asks something of its own: by operation id. */
const endings: Readonly<Record<string, string>> = {
  cancelReservation: 'reservations to cancel',
  reduceReservation: 'reservations to reduce',
  refuseConsent: 'consents to refuse',
  confirmClientRequest: 'clients to confirm',
  withdrawClientRequest: 'clients to withdraw',
  deleteWebhookEndpoint: 'webhook-endpoints to delete',
}

/**
 * The id of what an operation is about. Where it would end what others are about too, a sandbox has one more, so that
 * all examples can be sent one after another.
 */
export function idFor(operationId: string, collection: string): string {
  return idIn(endings[operationId] ?? collection)
}

/** Values of a path's parameters where they are not those of any other operation. */
export const parameters: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  eraseProfessional: { id: ERASED_PROFESSIONAL },
}

const SURGICAL = { product: 'surgical', quantity: 2 }

/** Bodies that say more than the least that an operation takes, so that a sandbox is afterwards what it was before. */
export const bodies: Readonly<Record<string, unknown>> = {
  putProduct: {
    name: 'Masque chirurgical',
    kind: 'surgical',
    packs: [{ gtin: '2000000000015', unitsPerBox: 50 }],
    active: true,
  },
  putPharmacy: {
    name: 'Pharmacie Une',
    address: '1 place du Capitole, 31000 Toulouse',
    latitude: 43.6045,
    longitude: 1.444,
    openingHours: 'Mo-Sa 08:30-19:30',
    territory: 'FR-31',
    phone: '+33561000000',
    status: 'active',
  },
  reserve: SURGICAL,
  cancelReservation: { reason: 'The shelf was miscounted.' },
  reduceReservation: { quantity: 1 },
  dispense: handOver(),
  checkDispensation: handOver(),
  publishRule: {
    beneficiaries: [{ profession: '60' }],
    products: ['surgical', 'ffp2'],
    cap: 18,
    subCaps: [{ product: 'ffp2', cap: 6 }],
    window: { kind: 'calendar_weeks', count: 1 },
    territory: 'FR-31',
    validFrom: TIME,
    validTo: null,
    source: {
      title: 'Doctrine of distribution, 2026',
      reference: 'DGS-2026-118',
      url: 'https://www.example.org/doctrine.pdf',
    },
    confidence: 'high',
  },
  putProfessional: {
    profession: '60',
    familyName: 'Exemple',
    givenName: 'Camille',
    otherIds: [],
    practice: { latitude: 43.6045, longitude: 1.444, territory: 'FR-31' },
    status: 'active',
  },
  changeClient: {
    name: 'Logiciel d’officine',
    scopes: ['stock:read', 'stock:write'],
    tokenSeconds: 900,
    status: 'active',
  },
  withdrawClientRequest: { request: idIn('requests to withdraw') },
  redeliverEvents: { from: TIME, to: '2026-11-20T10:30:00.000Z' },
}

function handOver(): object {
  return { professional: PROFESSIONAL, identityCheck: { method: 'cps_card' }, lines: [SURGICAL] }
}
