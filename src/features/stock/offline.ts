import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import { noSuch, unknown } from '../../domain/named.ts'
import { decideOfflineMovement, offlineCountEffects } from '../../domain/offline-stock.ts'
import { requireWithinDays } from '../../domain/offline-times.ts'
import { countedMasks, singleMasks } from '../../domain/packs.ts'
import { invalid, isRefusal, type Refusal } from '../../domain/refusals.ts'
import { type Count, notItself } from '../../domain/stock-changes.ts'
import { operatorOf } from '../../http/effects.ts'
import { countMembers, countsInOneWay } from '../../http/masks.ts'
import { type OfflineKind, offlineKind } from '../../http/offline-kind.ts'
import { onceUnder } from '../../http/once.ts'
import { keyOfCall } from '../../http/request-key.ts'
import { product } from '../../http/schemas.ts'
import type { Deps } from '../../http/service.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { packMemory, type WithPacks } from '../../store/packs.ts'
import { ensureShelf } from '../../store/shelves.ts'
import { changesSince } from './count-queries.ts'
import { keptWithMovement, type Move, type Moved, record } from './move.ts'
import { findShelfPlace, levelAfter, lockShelfWithHolds } from './queries.ts'
import { type CountedLevel, movementBody } from './schema.ts'

const countBody = countsInOneWay({ product, ...countMembers })

/** Movements and counts, as items of offline batches. */
export function offlineStock(deps: Deps) {
  const withPacks = packMemory()
  return { movement: movements(deps, withPacks), count: counts(deps, withPacks) }
}

function movements({ db, config }: Deps, withPacks: WithPacks): OfflineKind {
  return offlineKind({
    scope: 'stock:write',
    body: movementBody,
    timeOf: ({ occurredAt }) => occurredAt,
    record({ request, pharmacy, key, isUsed, body }) {
      const call = { method: 'POST', url: '/v1/pharmacies/:finess/stock-movements', params: { finess: pharmacy }, body }
      const operator = operatorOf(request)
      return onceUnder(
        keyOfCall(request.caller, pharmacy, key, call),
        { db, isUsed, keyLife: 'entry', kept: keptWithMovement, status: 201 },
        (tx) =>
          withPacks(tx, [body], async (facts) =>
            moveOffline(tx, { ...body, ...singleMasks(body, facts, ''), pharmacy, operator }, config.OFFLINE_MAX_DAYS),
          ),
      )
    },
  })
}

function counts({ db, config }: Deps, withPacks: WithPacks): OfflineKind {
  return offlineKind({
    scope: 'stock:write',
    body: countBody,
    timeOf: ({ countedAt }) => countedAt,
    record({ request, pharmacy, key, isUsed, body: { product, ...body } }) {
      const call = {
        method: 'PUT',
        url: '/v1/pharmacies/:finess/stock/:product',
        params: { finess: pharmacy, product },
        body,
      }
      const operator = operatorOf(request)
      let created = false
      return onceUnder<CountedLevel>(
        keyOfCall(request.caller, pharmacy, key, call),
        { db, isUsed, keyLife: 'entry', status: () => (created ? 201 : 200) },
        async (tx) => {
          const counted = await withPacks(tx, [body], async (facts) =>
            countOffline(
              tx,
              { pharmacy, product, onHand: countedMasks(body, facts, product), countedAt: body.countedAt, operator },
              config.OFFLINE_MAX_DAYS,
            ),
          )
          if (isRefusal(counted)) return counted
          created = counted.created
          return counted.level
        },
      )
    },
  })
}

/** Records a movement that has taken place off line, flagged where it would have been refused. */
async function moveOffline(tx: Transaction, request: Move, days: number): Promise<Moved> {
  const { pharmacy, product } = request
  const { place, shelf, ...locked } = await lockPlace(tx, pharmacy, product)
  if (request.counterparty === pharmacy) throw invalid('counterparty', notItself)
  requireWithinDays({ field: 'occurredAt', at: request.occurredAt }, locked.at, days)
  const facts = { ...locked, shelf }
  const { change, flags } = decideOfflineMovement({ ...facts, productActive: place.productActive === true }, request)
  return { ...record(tx, facts, request, change), flags }
}

interface CountRequest extends Count {
  pharmacy: string
  product: string
  operator: string | undefined
}

async function countOffline(
  tx: Transaction,
  request: CountRequest,
  days: number,
): Promise<{ level: CountedLevel; created: boolean } | Refusal> {
  const { pharmacy, product, operator } = request
  const [{ shelf, created, ...locked }, since] = await Promise.all([
    lockPlace(tx, pharmacy, product),
    changesSince(tx, pharmacy, [request]),
  ])
  requireWithinDays({ field: 'countedAt', at: request.countedAt }, locked.at, days)
  const counted = offlineCountEffects({ ...locked, shelf }, request, { since: since.get(product) ?? 0, operator }, draw)
  if (isRefusal(counted)) return counted
  writeEffects(tx, counted.effects)
  return { level: { ...levelAfter(counted.effects, shelf), flags: counted.flags }, created }
}

async function lockPlace(tx: Transaction, pharmacy: string, product: string) {
  const [place, created, { shelf, ...locked }] = await Promise.all([
    findShelfPlace(tx, pharmacy, product),
    ensureShelf(tx, pharmacy, product, 'any'),
    lockShelfWithHolds(tx, pharmacy, product),
  ])
  if (place.productActive === null) throw unknown('product', 'product')
  if (!place.pharmacyKnown) throw noSuch('pharmacy')
  if (!shelf) throw new StaleRead('the pharmacy or the product came in between')
  return { place, created, shelf, ...locked }
}
