import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { committedTo } from '../../domain/checkpoint.ts'
import { iso } from '../../domain/instant.ts'
import { CHANGES, misfit, type Statement, signStatement } from '../../domain/statement.ts'
import { csvOf } from '../../http/csv.ts'
import { varyBy } from '../../http/language.ts'
import { preferredType } from '../../http/media-types.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import { newestCheckpoint } from '../../store/checkpoints.ts'
import { requireReadablePharmacy } from './readable-pharmacy.ts'
import { pharmacyParams, statement, statementQuery } from './schema.ts'
import { type Asked, readStatement } from './statement-queries.ts'

const TYPES = ['application/json', 'text/csv', 'text/plain'] as const
const COLUMNS = ['product', 'opening', ...CHANGES, 'closing', 'dispensedByProfession'] as const

const description = `By \`Accept\`: JSON (also for any type not named here); \`text/csv\`, a row for each product, in which \`dispensedByProfession\` is \`10=34 60=6\`; \`text/plain\`, a signed note (C2SP) of the same figures, which \`gomask verify-ledger --statement\` verifies.

What a period opens with, all that was added and less all that was taken away, is what it closes with: \`opening + deliveries + transfersIn − transfersOut − dispensed + reversed − losses − returns + countDifferences + discrepancies = closing\`. It closes with what the next one opens with. Each movement counts on the day when it occurred, as the lists of movements and hand-overs have it; what was recorded late is in the statements of its day that are made afterwards.`

/** The account of a pharmacy's stock over a day, a week or any days. */
export function statementRoute(app: App, { db: { audits: db }, signers }: Deps): void {
  app.get(
    '/v1/pharmacies/:finess/statement',
    {
      config: { policy: { scope: 'stock:read', pharmacy: 'acting', regulator: 'remit' } },
      schema: {
        operationId: 'readStatement',
        tags: ['stock'],
        summary: 'Account for the masks of a pharmacy over some days',
        description,
        params: pharmacyParams,
        querystring: statementQuery,
        response: {
          200: {
            description: 'The statement.',
            content: {
              'application/json': { schema: statement },
              'text/csv': { schema: z.string() },
              'text/plain': { schema: z.string() },
            },
          },
          ...problems(401, 403, 404),
        },
      },
    },
    async (request, reply) => {
      const { caller, params, query } = request
      await requireReadablePharmacy(db, caller, params.finess)
      const type = preferredType(request, TYPES)
      varyBy(reply, 'Accept')
      const asked = { pharmacy: params.finess, ...query }
      const { note, made } = await makeStatement(db, asked, caller.role === 'regulator' ? caller.professions : [])
      if (type === 'application/json') return { ...made, madeAt: iso(made.madeAt), checkpoint: note }
      return sendText(reply, type, type === 'text/csv' ? csvOf(COLUMNS, rowsOf(made)) : signStatement(made, signers))
    },
  )
}

// The checkpoint is read first: whatever the log holds up to it is in the figures.
async function makeStatement(
  db: Queryable,
  asked: Asked,
  professions: string[],
): Promise<{ made: Statement; note: string | null }> {
  const note = (await newestCheckpoint(db))?.note ?? null
  const { items, ...read } = await readStatement(db, asked)
  const isTold = ({ profession }: { profession: string }) =>
    professions.length === 0 || professions.includes(profession)
  const told = items.map((item) => ({ ...item, dispensedByProfession: item.dispensedByProfession.filter(isTold) }))
  const made = { ...asked, ...read, professions, items: told, checkpoint: note === null ? null : committedTo(note) }
  const product = misfit(made)
  if (product !== undefined) throw new Error(`a statement does not add up for ${product}`)
  return { made, note }
}

function rowsOf({ items }: Statement): (string | number)[][] {
  const byProfession = ({ dispensedByProfession }: Statement['items'][number]) =>
    dispensedByProfession.map(({ profession, quantity }) => `${profession}=${quantity}`).join(' ')
  return items.map((item) =>
    COLUMNS.map((name) => (name === 'dispensedByProfession' ? byProfession(item) : item[name])),
  )
}

function sendText(reply: FastifyReply, type: string, text: string) {
  return reply
    .type(`${type}; charset=utf-8`)
    .serializer(String)
    .send(text as never)
}
