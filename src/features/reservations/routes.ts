import { inTransaction } from '../../db/transaction.ts'
import type { Text } from '../../domain/language.ts'
import { singleMasks } from '../../domain/packs.ts'
import { invalid, Rejection } from '../../domain/refusals.ts'
import { voucherInvalid } from '../../domain/voucher.ts'
import { type Caller, professionalOf } from '../../http/caller.ts'
import { effect, keyedWriteHeaders, operatorHeader, operatorOf } from '../../http/effects.ts'
import { forPharmacies, requireOwnOperators } from '../../http/list-filters.ts'
import { page, pageOf, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { readingOf } from '../../http/readings.ts'
import { unlessRefused } from '../../http/refusals.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { voucherReader } from '../../http/vouchers.ts'
import { packMemory } from '../../store/packs.ts'
import { endingRoutes } from './ending-routes.ts'
import { lookUp, lookUpVouched } from './look-up.ts'
import { at, notFound, ownerOf, recorded } from './owner.ts'
import { findReservation, listReservations } from './queries.ts'
import { reserve } from './reserve.ts'
import {
  listQuery,
  lookupBody,
  lookupRefusals,
  type Reservation,
  reservation,
  reservationBody,
  reservationParams,
  reservationRefusals,
} from './schema.ts'
import { type Vouch, voucher } from './vouch.ts'

const codeUnknown: Text = {
  en: 'No live reservation at this pharmacy has this pick-up code.',
  fr: 'Aucune option en cours dans cette officine n’a ce code de retrait.',
}

/** Masks set aside for a professional until they are collected or the hold expires. */
export async function reservationRoutes(app: App, deps: Deps): Promise<void> {
  reserveRoute(app, deps)
  listRoute(app, deps)
  readRoute(app, deps)
  lookupRoute(app, deps)
  endingRoutes(app, deps)
}

function reserveRoute(app: App, deps: Deps): void {
  const { db, config } = deps
  const limits = { holdHours: config.HOLD_HOURS, maxLiveHolds: config.MAX_LIVE_HOLDS, vouch: voucher(deps) }
  const withPacks = packMemory()
  app.post(
    '/v1/reservations',
    {
      config: { policy: { scope: 'reservations:write', professional: 'self' } },
      schema: {
        operationId: 'reserve',
        tags: ['reservations'],
        summary: 'Set masks aside at the nearest pharmacy, or at a named one',
        headers: keyedWriteHeaders,
        body: reservationBody,
        response: { 201: reservation, ...problems(401, 403, 404, ...reservationRefusals, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, body } = request
      const professional = professionalOf(caller)
      return effect(request, reply, { db, keyRequired: true, status: 201 }, (tx) =>
        withPacks(tx, [body], async (facts) =>
          reserve(tx, professional, { ...body, ...singleMasks(body, facts, '') }, limits),
        ),
      )
    },
  )
}

function listRoute(app: App, deps: Deps): void {
  const { db } = deps
  const vouch = voucher(deps)
  app.get(
    '/v1/reservations',
    {
      config: {
        holdsSecrets: true,
        policy: { scope: 'reservations:read', professional: 'listed', pharmacy: 'acting' },
      },
      schema: {
        operationId: 'listReservations',
        tags: ['reservations'],
        summary: 'List reservations, newest first',
        description: recorded,
        headers: operatorHeader,
        querystring: listQuery,
        response: { 200: pageOf(reservation), ...problems(401, 403) },
      },
    },
    async (request) => {
      const { caller } = request
      const { limit, cursor, pharmacy, ...filter } = request.query
      if (caller.role === 'professional' && pharmacy) throw invalid('pharmacy', forPharmacies)
      requireOwnOperators(caller, filter)
      const reading = readingOf(request, 'reservation')
      const owner = reading ? at(request.pharmacy, reading) : { professional: professionalOf(caller) }
      const found = await listReservations(db, owner, filter, { before: positionOf(cursor, uuid), limit })
      const { items, nextCursor } = page(found, limit, ({ id }) => id)
      return { items: items.map((each) => asShown(caller, each, vouch)), nextCursor }
    },
  )
}

function readRoute(app: App, deps: Deps): void {
  const { db } = deps
  const vouch = voucher(deps)
  app.get(
    '/v1/reservations/:id',
    {
      config: { holdsSecrets: true, policy: { scope: 'reservations:read', professional: 'own', pharmacy: 'own' } },
      schema: {
        operationId: 'readReservation',
        tags: ['reservations'],
        summary: 'Read a reservation',
        description: recorded,
        headers: operatorHeader,
        params: reservationParams,
        response: { 200: reservation, ...problems(401, 403, 404) },
      },
    },
    async (request) => {
      const { caller, params } = request
      const found = await findReservation(db, ownerOf(caller), params.id, readingOf(request, 'reservation'))
      if (!found) throw notFound()
      return asShown(caller, found, vouch)
    },
  )
}

function asShown(caller: Caller, found: Reservation, vouch: Vouch): Reservation {
  return caller.role === 'professional' ? vouch(professionalOf(caller), found) : found
}

function lookupRoute(app: App, deps: Deps): void {
  const { db, config } = deps
  const readVoucher = voucherReader(deps)
  const limits = { limitCodeTries: config.RATE_LIMIT > 0 }
  app.post(
    '/v1/reservations/lookup',
    {
      config: { policy: { scope: 'reservations:read', pharmacy: 'acting' } },
      schema: {
        operationId: 'lookUpReservation',
        tags: ['reservations'],
        summary: 'Find the live reservation of a pick-up code or voucher at this pharmacy',
        description: recorded,
        headers: operatorHeader,
        body: lookupBody,
        response: { 200: reservation, ...problems(401, 403, 404, ...lookupRefusals, 413, 415) },
      },
    },
    async (request) => {
      const { caller, pharmacy, body } = request
      const reading = { kind: 'reservation' as const, reader: caller, pharmacy, operator: operatorOf(request) }
      const { voucher, pickupCode = '' } = body
      if (voucher !== undefined) {
        const named = await readVoucher(voucher)
        if (!named) throw voucherInvalid()
        return unlessRefused(await lookUpVouched(db, pharmacy, named, reading))
      }
      const found = await inTransaction(db, (tx) => lookUp(tx, pharmacy, pickupCode, { ...limits, reading }))
      if (found) return found
      request.refused = { kind: 'pickup_code_wrong' }
      throw new Rejection('not_found', codeUnknown)
    },
  )
}
