import type { Transaction } from '../../db/database.ts'
import type { Text } from '../../domain/language.ts'
import { invalid } from '../../domain/refusals.ts'
import { professionalOf } from '../../http/caller.ts'
import { effect, keyedWriteHeaders, writeHeaders } from '../../http/effects.ts'
import { problems } from '../../http/problems.ts'
import { readingOf } from '../../http/readings.ts'
import type { App, Deps } from '../../http/service.ts'
import { sendReading } from '../../store/accesses.ts'
import { cancel } from './cancel.ts'
import { notFound, ownerOfOne, recorded } from './owner.ts'
import { reduce } from './reduce.ts'
import { cancellationBody, reductionBody, reservation, reservationParams } from './schema.ts'
import { voucher } from './vouch.ts'

const reasonRequired: Text = {
  en: 'required from a pharmacy: why the reservation cannot be served',
  fr: 'obligatoire de la part d’une officine : pourquoi l’option ne peut être servie',
}

/** Reservations that are given up, whole or in part. */
export function endingRoutes(app: App, deps: Deps): void {
  cancellationRoute(app, deps)
  reductionRoute(app, deps)
}

function cancellationRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/reservations/:id/cancellation',
    {
      config: { policy: { scope: 'reservations:write', professional: 'own', pharmacy: 'own' } },
      schema: {
        operationId: 'cancelReservation',
        tags: ['reservations'],
        summary: 'Cancel a reservation and free its masks',
        description: recorded,
        params: reservationParams,
        headers: writeHeaders,
        body: cancellationBody,
        response: { 200: reservation, ...problems(401, 403, 404, 'reservation_not_held', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params, body } = request
      const owner = await ownerOfOne(db, caller, params.id, body?.pharmacy)
      if (!owner) throw notFound()
      if (caller.role === 'pharmacy' && !body?.reason) throw invalid('reason', reasonRequired)
      const how = { reason: body?.reason ?? 'by_professional', pharmacy: body?.pharmacy }
      const reading = readingOf(request, 'reservation')
      const record = (tx: Transaction) => void (reading && sendReading(tx, reading, { reservation: params.id }))
      const pharmacy = 'pharmacies' in owner ? owner.pharmacies[0] : undefined
      return effect(request, reply, { db, ...(pharmacy && { pharmacy }), onReplay: record }, async (tx) => {
        record(tx)
        const cancelled = await cancel(tx, owner, params.id, how)
        if (!cancelled) throw notFound()
        return cancelled
      })
    },
  )
}

function reductionRoute(app: App, deps: Deps): void {
  const { db } = deps
  const vouch = voucher(deps)
  app.post(
    '/v1/reservations/:id/reduction',
    {
      config: { policy: { scope: 'reservations:write', professional: 'own' } },
      schema: {
        operationId: 'reduceReservation',
        tags: ['reservations'],
        summary: 'Put a smaller reservation in the place of one',
        description:
          'The answer is the new reservation, with an id of its own and the same pick-up code and end. The old one is cancelled (`reduced`), and what the new one does not hold is free again.',
        params: reservationParams,
        headers: keyedWriteHeaders,
        body: reductionBody,
        response: { 201: reservation, ...problems(401, 403, 404, 'reservation_not_held', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const professional = professionalOf(request.caller)
      return effect(request, reply, { db, keyRequired: true, status: 201 }, async (tx) => {
        const reduced = await reduce(tx, professional, request.params.id, request.body.quantity, vouch)
        if (!reduced) throw notFound()
        return reduced
      })
    },
  )
}
