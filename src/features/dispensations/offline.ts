import type { FastifyRequest } from 'fastify'
import { requireSame } from '../../domain/named.ts'
import { singleMaskLines } from '../../domain/packs.ts'
import { actorOf, operatorOf } from '../../http/effects.ts'
import { type OfflineKind, offlineKind } from '../../http/offline-kind.ts'
import { onceUnder } from '../../http/once.ts'
import { keyOfCall, LONGEST_KEY, scopeOf, visibleText } from '../../http/request-key.ts'
import { recordedInstant } from '../../http/schemas.ts'
import type { Deps } from '../../http/service.ts'
import { namedReader } from '../../http/vouchers.ts'
import { packMemory, type WithPacks } from '../../store/packs.ts'
import { counterLimits } from './counter-limits.ts'
import { dispenseOffline } from './dispense-offline.ts'
import { findDispensationNamed } from './queries.ts'
import { notFound } from './read-routes.ts'
import { keptWithEntry, recording } from './recorded.ts'
import { reverse } from './reverse.ts'
import { dispensationBody, reversalBody } from './schema.ts'

const handOverBody = dispensationBody.safeExtend({
  dispensedAt: recordedInstant.describe('When the masks changed hands.'),
})

const takenBackBody = reversalBody.safeExtend({
  dispensation: visibleText(LONGEST_KEY).describe(
    'The id of the dispensation, or the `key` of the item or online call that made it.',
  ),
  occurredAt: recordedInstant.describe('When it was taken back.'),
})

/** Hand-overs and their reversals, as items of offline batches. */
export function offlineHandOvers(deps: Deps) {
  const withPacks = packMemory()
  return { dispensation: handOvers(deps, withPacks), reversal: reversals(deps, withPacks) }
}

function handOvers(deps: Deps, withPacks: WithPacks): OfflineKind {
  const {
    db,
    config,
    signers: [signer],
  } = deps
  const readNamed = namedReader(deps)
  return offlineKind({
    scope: 'dispensations:write',
    body: handOverBody,
    timeOf: ({ dispensedAt }) => dispensedAt,
    async record({ request, pharmacy, key, isUsed, body }) {
      requireSame('pharmacy', body.pharmacy, pharmacy)
      const named = await readNamed(body.reservations)
      const call = { method: 'POST', url: '/v1/dispensations', params: {}, body }
      const writing = { ...counterLimits(config), ...writingOf(request), signer, days: config.OFFLINE_MAX_DAYS }
      return onceUnder(
        keyOfCall(request.caller, pharmacy, key, call),
        { ...recording(request), db, isUsed, kept: keptWithEntry(body.professional) },
        (tx) =>
          withPacks(tx, body.lines, async (facts) =>
            dispenseOffline(
              tx,
              pharmacy,
              { ...body, reservations: named(), lines: singleMaskLines(body.lines, facts) },
              writing,
            ),
          ),
      )
    },
  })
}

function reversals({ db, config, signers: [signer] }: Deps, withPacks: WithPacks): OfflineKind {
  return offlineKind({
    scope: 'dispensations:write',
    body: takenBackBody,
    timeOf: ({ occurredAt }) => occurredAt,
    follows: ({ dispensation }) => dispensation,
    async record({ request, pharmacy, key, isUsed, body: { dispensation, occurredAt, ...body } }) {
      requireSame('pharmacy', body.pharmacy, pharmacy)
      const id = await findDispensationNamed(db, scopeOf(request.caller, pharmacy), dispensation)
      if (id === undefined) throw notFound()
      const call = { method: 'POST', url: '/v1/dispensations/:id/reversal', params: { id }, body }
      return onceUnder(
        keyOfCall(request.caller, pharmacy, key, call),
        { ...recording(request), db, isUsed, kept: keptWithEntry() },
        async (tx) => {
          const reversed = await withPacks(tx, body.lines ?? [], async (facts) => {
            const lines = body.lines && singleMaskLines(body.lines, facts)
            const takenBack = { at: occurredAt, days: config.OFFLINE_MAX_DAYS }
            return reverse(tx, { id, pharmacy }, { ...body, lines, takenBack }, { ...writingOf(request), signer })
          })
          if (!reversed) throw notFound()
          return reversed
        },
      )
    },
  })
}

function writingOf(request: FastifyRequest) {
  return { operator: operatorOf(request), actor: actorOf(request) }
}
