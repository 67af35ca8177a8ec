import { effect, writeHeaders } from '../../http/effects.ts'
import { problems } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { putProfessional } from './put-professional.ts'
import { professional, professionalBody, professionalParams } from './schema.ts'

/** Who may be served. */
export async function professionalRoutes(app: App, { db }: Deps): Promise<void> {
  app.put(
    '/v1/professionals/:id',
    {
      config: { policy: ['admin'] },
      schema: {
        operationId: 'putProfessional',
        tags: ['reference data'],
        summary: 'Put a professional in or change it',
        description:
          'All the numbers named belong to one person and share one history. Where two persons turn out to be one they are merged, the one with an RPPS number continues, and both chains of the ledger say so. Histories never split: `otherIds` that are not named again stay.',
        params: professionalParams,
        headers: writeHeaders,
        body: professionalBody,
        response: { 200: professional, 201: professional, ...problems(401, 403, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      let created = false
      return effect(request, reply, { db, status: () => (created ? 201 : 200) }, async (tx) => {
        const put = await putProfessional(tx, request.params.id, request.body)
        created = put.created
        return put.professional
      })
    },
  )
}
