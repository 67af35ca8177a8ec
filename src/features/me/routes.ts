import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { type Caller, professionalOf } from '../../http/caller.ts'
import { page, pageOf, pageQuery, positionOf } from '../../http/pages.ts'
import { everyone } from '../../http/policy.ts'
import { problems } from '../../http/problems.ts'
import { professional } from '../../http/professional-schema.ts'
import { finess, uuid } from '../../http/schemas.ts'
import { scopes } from '../../http/scopes.ts'
import type { App, Deps } from '../../http/service.ts'
import { findProfile } from '../../store/persons.ts'
import { findClientName, readPharmacies } from './queries.ts'

const ownPharmacy = z.object({
  finess: z.string(),
  name: z.string().nullable().describe('Null if the directory does not know the pharmacy, as `status`.'),
  status: z.enum(['active', 'suspended', 'closed']).nullable(),
})

const me = z
  .object({
    role: z.enum(['pharmacy', 'professional', 'regulator', 'admin']),
    subject: z.string(),
    scopes: z
      .array(z.enum(scopes))
      .describe(
        'What the token may be used for, within its role: a person’s own for all, a client’s or an app’s for what it names.',
      ),
    territories: z.array(z.string()).describe('The remit of a regulator.'),
    professions: z.array(z.string()).describe('Those to which the remit is limited; all if none is named.'),
    client: z
      .object({ id: uuid, name: z.string() })
      .nullable()
      .describe('The machine, or the app that acts for a professional; null if the token is a person’s own.'),
    pharmacies: pageOf(ownPharmacy)
      .nullable()
      .describe('Those that the token acts for, by their numbers; null for the other roles.'),
    professional: professional
      .nullable()
      .describe('What the directory says; null if it does not know the professional, and for the other roles.'),
  })
  .meta({ id: 'Me' })

/** Who calls, as the service sees it. */
export async function meRoutes(app: App, { db }: Deps): Promise<void> {
  app.get(
    '/v1/me',
    {
      config: { policy: { scope: null, ...everyone } },
      schema: {
        operationId: 'readMe',
        tags: ['access'],
        summary: 'Read who the token says you are, and what it may do',
        description:
          'The pharmacies are a page: `limit` and `cursor` are for them. A token narrowed to some shows these alone.',
        querystring: z.strictObject(pageQuery),
        response: { 200: me, ...problems(401, 403) },
      },
    },
    async ({ caller, query }) => {
      const { role, subject, client, territories, professions } = caller
      const name = client && (await findClientName(db.readings, client.id))
      return {
        role,
        subject,
        scopes: client ? scopes.filter((scope) => client.scopes.includes(scope)) : [...scopes],
        territories,
        professions,
        client: client && name !== undefined ? { id: client.id, name } : null,
        pharmacies: role === 'pharmacy' ? await pharmaciesOf(db.readings, caller, query) : null,
        professional: role === 'professional' ? ((await findProfile(db, professionalOf(caller))) ?? null) : null,
      }
    },
  )
}

// Which they are is known already; what they are called is read of one page alone.
async function pharmaciesOf(db: Queryable, caller: Caller, query: { limit: number; cursor?: string | undefined }) {
  const after = positionOf(query.cursor, finess) ?? ''
  const following = caller.finess.toSorted().filter((each) => each > after)
  const found = await readPharmacies(db, following.slice(0, query.limit + 1))
  return page(found, query.limit, (each) => each.finess)
}
