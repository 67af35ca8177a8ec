import { effect, writeHeaders } from '../../http/effects.ts'
import { requireOpeningHours } from '../../http/opening-hours.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import { putService } from './put-service.ts'
import { pharmacyParams } from './schema.ts'
import { service, serviceBody } from './service-schema.ts'

const description =
  'It takes the place of the notice before, in searches and reservations at once, and ends by itself at `until`. With reservations off the pharmacy is passed over wherever the nearest is looked for to reserve there; with walk-ins off as well it is in no search. What is left out is said no more.'

/** A pharmacy's own notice: whom it serves for now, why, until when. */
export function serviceRoute(app: App, { db }: Deps): void {
  app.put(
    '/v1/pharmacies/:finess/service',
    {
      config: { policy: { scope: 'stock:write', pharmacy: 'acting' }, isAdministration: true },
      schema: {
        operationId: 'putService',
        tags: ['stock'],
        summary: 'Say whom the pharmacy serves for now',
        description,
        params: pharmacyParams,
        headers: writeHeaders,
        body: serviceBody,
        response: { 200: service, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { pharmacy, body } = request
      await requireOpeningHours('handOverHours', body.handOverHours)
      return effect(request, reply, { db, pharmacy }, (tx) => putService(tx, pharmacy, body))
    },
  )
}
