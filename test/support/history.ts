import type { Signer } from '../../src/domain/signed-note.ts'
import { makeSigner, publishLog } from './log.ts'
import { adeli } from './numbers.ts'
import type { Service } from './service.ts'
import { tamper } from './superuser.ts'
import { CENTRE, makeWorld, must, type World } from './world.ts'

/** A log with every kind of entry in it, and what its tests name. */
export interface History {
  world: World
  signer: Signer
  /** The pharmacies: the second in Bretagne. */
  here: { finess: string; token: string }
  brest: { finess: string; token: string }
  /** Served at both; later found to be the person of an ADELI number, who had a history too. */
  nurse: { id: string; token: string }
  /** The receipts' facts of the first hand-over. */
  first: { id: string; entryHash: string; sequence: number; recordedAt: string }
  /** What was published after five entries, two days ago, and after all. */
  early: string
  newest: string
}

/**
 * Makes a history of 10 entries: the rule's publication, hand-overs, an override, a reversal, and the links of a merge.
 */
export async function makeHistory(service: Service): Promise<History> {
  const world = await makeWorld(service)
  const signer = makeSigner()
  const [here, brest] = [await world.pharmacy(1), await world.pharmacy(2, { territory: 'FR-29' })]
  const [nurse, colleague] = [await world.professional(1), await world.professional(2)]
  for (const place of [here, brest]) must(201, await world.count(place, 1_000))
  must(201, await world.count(here, 1_000, 'ffp2'))
  const first = must(201, await world.dispense(here, nurse.id, 4)).body
  must(201, await world.dispense(brest, nurse.id, 2))
  must(201, await world.dispense(here, colleague.id, 9))
  must(201, await world.dispense(here, colleague.id, 5, { override: { reasonCode: 'emergency', note: 'Afflux' } }))
  const early = await publishLog(service.db, signer)
  await tamper(service, `update log_checkpoints set published_at = published_at - interval '2 days'`)

  const reversal = { token: here.token, key: true, body: { kind: 'returned' } } as const
  must(201, await service.call('POST', `/v1/dispensations/${first.id}/reversal`, reversal))
  const body = { profession: '60', familyName: 'Martin', givenName: 'Camille', status: 'active' }
  const practice = { ...CENTRE, territory: 'FR-31' }
  const older = { token: world.admin, body: { ...body, practice, otherIds: [] } }
  must(201, await service.call('PUT', `/v1/professionals/${adeli(1)}`, older))
  must(201, await world.dispense(here, adeli(1), 0, { lines: [line('surgical', 1), line('ffp2', 2)] }))
  const joined = { token: world.admin, body: { ...body, practice, otherIds: [adeli(1)] } }
  must(200, await service.call('PUT', `/v1/professionals/${nurse.id}`, joined))
  must(201, await world.dispense(here, adeli(1), 1))
  const newest = await publishLog(service.db, signer)
  return { world, signer, here, brest, nurse, first, early, newest }
}

function line(product: string, quantity: number) {
  return { product, quantity, lot: `LOT-${quantity}` }
}
