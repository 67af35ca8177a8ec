import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { iso } from '../../domain/instant.ts'
import { noSuch } from '../../domain/named.ts'
import { invalid } from '../../domain/refusals.ts'
import { afterFrom } from '../../http/complaint.ts'
import { operatorOf } from '../../http/effects.ts'
import { problems } from '../../http/problems.ts'
import { finess, instant, professional } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { recordAccess, recordExport } from '../../store/accesses.ts'
import { findPersonInRemit } from '../../store/remit.ts'
import { territoriesWithin } from '../../store/territories.ts'
import { noCheckpoint } from './absences.ts'
import { prepareBundle } from './bundle.ts'

const selection = z.strictObject({
  from: instant.optional().describe('Hand-overs at or after this time.'),
  to: instant.optional().describe('Hand-overs before this time.'),
  pharmacy: finess.optional(),
  professional: professional.optional(),
})

/** What regulators can check offline. */
export async function ledgerBundleRoutes(app: App, { db: { audits: db, auditsUntil } }: Deps): Promise<void> {
  app.get(
    '/v1/ledger/bundle',
    {
      config: { isHeavy: true, policy: { scope: 'ledger:read', regulator: 'listed' } },
      exposeHeadRoute: false, // It would read the whole selection and throw it away.
      schema: {
        operationId: 'readLedgerBundle',
        tags: ['ledger'],
        summary: 'A selection of the ledger with its proofs, to check offline',
        description:
          'NDJSON, one entry per line; `gomask verify-ledger` checks it. Without parameters, all entries in your remit. With `professional`, the whole history, with entries outside the remit shown only by their hashes. Records, which are about nobody, are in every bundle; those of days only where neither `professional` nor `pharmacy` is given. Each reading is recorded before it is answered. It counts as an export: one of each caller at a time, and two in a process. An answer that breaks off is incomplete.',
        querystring: selection,
        response: {
          200: { description: 'gomask-bundle-v2', content: { 'application/x-ndjson': { schema: z.string() } } },
          ...problems(401, 403, 404),
        },
      },
    },
    async (request, reply) => {
      const { caller, query } = request
      const { from = null, to = null, pharmacy = null, professional = null } = query
      if (from !== null && to !== null && from >= to) throw invalid('to', afterFrom)
      const person = professional === null ? undefined : await findPersonInRemit(db, caller, professional)
      const isOutside = professional !== null && !person?.inRemit
      await record(db, request, query, isOutside ? 'not_found' : 'shown', person?.personId ?? null)
      if (isOutside) throw noSuch('professional in remit')
      const stream = await app.export(request, reply, async (gone) => {
        const bundle = await prepareBundle(auditsUntil(gone), { from, to, pharmacy, professional }, caller)
        if (!bundle) throw noCheckpoint()
        // One piece ahead of the reader, so that a slow one keeps no more in memory.
        return Readable.from(bundle.pieces(), { highWaterMark: 1 })
      })
      return reply.type('application/x-ndjson').send(stream as never)
    },
  )
}

// A bundle of one person's history is a reading of that person; any other is recorded as one export for everybody in
// it.
async function record(
  db: Queryable,
  request: FastifyRequest,
  query: z.output<typeof selection>,
  outcome: 'shown' | 'not_found',
  personId: string | null,
): Promise<void> {
  const { caller } = request
  const access = { reader: caller, outcome, operator: operatorOf(request) }
  if (query.professional !== undefined) return recordAccess(db, { ...access, kind: 'ledger' }, [personId])
  const asked = {
    remit: await territoriesWithin(db, caller.territories),
    professions: caller.professions.length > 0 ? caller.professions : undefined,
    from: query.from === undefined ? undefined : iso(query.from),
    to: query.to === undefined ? undefined : iso(query.to),
    pharmacy: query.pharmacy,
  }
  await recordExport(db, access, asked, null)
}
