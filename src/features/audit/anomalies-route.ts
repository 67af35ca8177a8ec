import { z } from 'zod'
import { readClock } from '../../db/clock.ts'
import type { Queryable } from '../../db/database.ts'
import { LATEST } from '../../domain/instant.ts'
import { moment, phrase } from '../../domain/language.ts'
import { invalid } from '../../domain/refusals.ts'
import type { Caller } from '../../http/caller.ts'
import { page, pageOf, pageQuery, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { readAged } from '../../http/replica.ts'
import { instant, territory } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { orAskForLess } from '../../http/too-heavy.ts'
import { oneAtATime } from '../../http/waiting-line.ts'
import { territoriesWithin } from '../../store/territories.ts'
import { anomalyKinds, type FoundAnomaly, findAnomalies, type Search } from './find-anomalies.ts'
import { type AnomalyName, anomaly, anomalyNames as names, positionText } from './schema.ts'
import { readTerritory, requireForward } from './selection.ts'

const DAY_MS = 86_400_000
const PRESET_DAYS = 30
const MOST_DAYS = 92 // A quarter: what one statement can search while somebody waits.
// Each keeps a core of the database busy, and two of them slowed a check at a counter. Two of each of twenty callers.
const MOST_WAITING = 40

const query = z.strictObject({
  from: instant.optional().describe(`${PRESET_DAYS} days before \`to\` if left out.`),
  to: instant.optional().describe(`Now if left out. At most ${MOST_DAYS} days after \`from\`.`),
  kind: z.enum(names).optional(),
  territory: territory.optional().describe('Only this part of the remit, as if the remit were no more.'),
  ...pageQuery,
})

const position = z.strictObject({ kind: z.enum(names), key: positionText, to: z.int().min(0).max(LATEST) })

const description = `Whatever deserves a question, within the remit and in [\`from\`, \`to\`); it proves nothing. Entries are named by id: to see whom they are about, read them, which is recorded. The kinds:

${names.map((name) => `- \`${name}\`: ${anomalyKinds[name].about}.`).join('\n')}`

const SEARCHES = { en: 'searches for anomalies', fr: 'recherches d’anomalies' }

/** Whatever stands out in the ledger and the stock, for regulators. */
export function anomaliesRoute(app: App, deps: Deps): void {
  const inTurn = oneAtATime(SEARCHES, MOST_WAITING)
  app.get(
    '/v1/audit/anomalies',
    {
      config: { isHeavy: true, sends: ['Age'], policy: { scope: 'audit:read', regulator: 'listed' } },
      schema: {
        operationId: 'auditAnomalies',
        tags: ['audit'],
        summary: 'Find what stands out',
        description,
        querystring: query,
        response: { 200: pageOf(anomaly), ...problems(401, 403) },
      },
    },
    async ({ caller, query }, reply) => {
      const after = positionOf(query.cursor, position)
      const search = await searchOf(deps.db.audits, caller, { ...query, to: query.to ?? after?.to })
      const kinds = query.kind ? [query.kind] : names
      const isRead = () => !reply.raw.destroyed
      const found = await orAskForLess(
        () =>
          inTurn(() =>
            readAged(deps, reply, (from) =>
              find(from.audits, search, { kinds, after, limit: query.limit + 1, isRead }),
            ),
          ),
        {
          en: 'one `kind`, a `territory` within the remit, or fewer days between `from` and `to`',
          fr: 'un seul `kind`, un `territory` du périmètre, ou moins de jours entre `from` et `to`',
        },
      )
      return page(found, query.limit, ({ kind, key }) => ({ kind, key, to: search.to }))
    },
  )
}

async function searchOf(
  db: Queryable,
  { territories, professions }: Caller,
  query: { from?: number | undefined; to?: number | undefined; territory?: string | undefined },
): Promise<Search> {
  const to = query.to ?? (await readClock(db))
  const from = query.from ?? to - PRESET_DAYS * DAY_MS
  requireForward(from, to)
  if (to - from > MOST_DAYS * DAY_MS) {
    throw invalid('to', {
      en: phrase`must lie at most ${MOST_DAYS} days after from: ${moment(from + MOST_DAYS * DAY_MS)} or before`,
      fr: phrase`doit suivre from de ${MOST_DAYS} jours au plus : au plus tard le ${moment(from + MOST_DAYS * DAY_MS)}`,
    })
  }
  const remit = await territoriesWithin(db, territories)
  const part = query.territory === undefined ? remit : await readTerritory(db, query.territory)
  return { remit: remit.filter((code) => part.includes(code)), professions, from, to }
}

interface Wanted {
  kinds: readonly AnomalyName[]
  after: z.output<typeof position> | null
  limit: number
  /** Whether there is still somebody to answer. */
  isRead(): boolean
}

async function find(db: Queryable, search: Search, { kinds, after, limit, isRead }: Wanted): Promise<FoundAnomaly[]> {
  const found: FoundAnomaly[] = []
  for (const name of kinds.slice(Math.max(0, after ? kinds.indexOf(after.kind) : 0))) {
    const key = after?.kind === name ? after.key : null
    if (found.length < limit && isRead())
      found.push(...(await findAnomalies(db, name, search, key, limit - found.length)))
  }
  return found
}
