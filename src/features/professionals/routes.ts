import type { Transaction } from '../../db/database.ts'
import { effect, writeHeaders } from '../../http/effects.ts'
import { problems } from '../../http/problems.ts'
import { professional } from '../../http/professional-schema.ts'
import { readingOf } from '../../http/readings.ts'
import type { App, Deps } from '../../http/service.ts'
import { type Reading, sendReading } from '../../store/accesses.ts'
import { eraseProfessional } from './erase.ts'
import { putProfessional } from './put-professional.ts'
import { erasure, erasureBody, professionalBody, professionalParams } from './schema.ts'

/** Who may be served. */
export async function professionalRoutes(app: App, deps: Deps): Promise<void> {
  putRoute(app, deps)
  erasureRoute(app, deps)
}

function putRoute(app: App, { db }: Deps): void {
  app.put(
    '/v1/professionals/:id',
    {
      config: { policy: { scope: 'directory:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'putProfessional',
        tags: ['reference data'],
        summary: 'Put a professional in or change it',
        description:
          'All the numbers named belong to one person and share one history. If two persons turn out to be one, they are merged: the one with an RPPS number continues, and both chains of the ledger say so. Histories never split: `otherIds` that are not named again stay. The answer may therefore show more than was sent, and is recorded as an access.',
        params: professionalParams,
        headers: writeHeaders,
        body: professionalBody,
        response: { 200: professional, 201: professional, ...problems(401, 403, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      let created = false
      const record = recording(readingOf(request, 'professional'), request.params.id)
      return effect(request, reply, { db, status: () => (created ? 201 : 200), onReplay: record }, async (tx) => {
        const put = await putProfessional(tx, request.params.id, request.body)
        created = put.created
        // For a new person the answer shows only what was sent.
        if (put.known) record(tx)
        return put.professional
      })
    },
  )
}

function erasureRoute(app: App, { db, config }: Deps): void {
  app.post(
    '/v1/professionals/:id/erasure',
    {
      config: { policy: { scope: 'directory:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'eraseProfessional',
        tags: ['reference data'],
        summary: 'Erase a professional, with all the numbers that belong to the same person',
        description:
          'Names, numbers and what ties them to the ledger are deleted, and live reservations cancelled. The entries stay under a surrogate, and an `erasure` entry says on whose authority and why; every chain still verifies. Refused with `retention_running` while an entry must be kept or counts in the window of a rule; `until` says when that ends, or is null if nobody knows; with `identity_in_doubt` until it is decided whether another record is the same person’s. It cannot be undone: if put in again, the same professional is a new person.',
        params: professionalParams,
        headers: writeHeaders,
        body: erasureBody,
        response: { 200: erasure, ...problems(401, 403, 404, 'retention_running', 'identity_in_doubt', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const record = recording(readingOf(request, 'erasure'), request.params.id)
      return effect(request, reply, { db }, (tx) => {
        record(tx)
        return eraseProfessional(tx, request.params.id, request.body, config.LEDGER_RETENTION_DAYS)
      })
    },
  )
}

function recording(reading: Reading | undefined, identifier: string) {
  return (tx: Transaction) => void (reading && sendReading(tx, reading, { identifier }))
}
